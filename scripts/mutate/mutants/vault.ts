import { mutantsOf } from "../mutant";

/** Mistakes in Vault's configuration. */
export const vaultMutants = [
  ...mutantsOf(
    "constructs/vault/mysql-database-engine.ts",
    ["constructs/vault/mysql-database-engine"],
    [
      ["database users may grant", "TO '{{name}}'@'%'`,\n", "TO '{{name}}'@'%' WITH GRANT OPTION`,\n"],
      ["database users connect in clear", " REQUIRE SSL", ""],
      ["Vault does not know its database", "?tls=true", "?tls=skip-verify"],
      ["database users reach every database", "ON \\`${this.props.databaseName}\\`.*", "ON *.*"],
      ["users stay after their lease", "DROP USER IF EXISTS '{{name}}'@'%'", "SELECT 1"],
      ["a dropped user's lease never ends", "DROP USER IF EXISTS", "DROP USER"],
      ["a person may know the password", "      dependsOn: [rotation],\n", ""],
      ["any role uses the connection", "allowedRoles: Object.keys(roles)", 'allowedRoles: ["*"]'],
    ],
  ),
  ...mutantsOf(
    "constructs/vault/jwt-auth.ts",
    ["constructs/vault/jwt-auth"],
    [
      [
        "tokens for anybody log in",
        "boundAudiences: [this.props.cloud.resourceManager]",
        "boundAudiences: []",
      ],
      ["every identity of the tenant logs in", "oid: principalId, ", ""],
      ["every tenant logs in", ", tid: this.props.tenantId", ""],
      ["a stolen token works anywhere", "      tokenBoundCidrs: [boundCidr],\n", ""],
      ["another issuer's tokens log in", "boundIssuer: this.issuer", 'boundIssuer: ""'],
      ["tokens live for ever", "      tokenMaxTtl: seconds(tokenTtl),\n", ""],
      ["tokens are not counted", 'tokenNumUses === undefined ? "batch" : "service"', '"batch"'],
    ],
  ),
  ...mutantsOf(
    "constructs/vault/azure-auth.ts",
    ["constructs/vault/azure-auth"],
    [
      [
        "every VM of the group logs in",
        "boundServicePrincipalIds: [...principalIds]",
        'boundServicePrincipalIds: ["*"]',
      ],
      ["VMs of any group log in", "      boundResourceGroups: [role.resourceGroup],\n", ""],
      ["VMs of any subscription log in", "      boundSubscriptionIds: [role.subscriptionId],\n", ""],
      ["a stolen token works anywhere", "      tokenBoundCidrs: [role.boundCidr],\n", ""],
      [
        "tokens live as long as Vault allows",
        "      tune: [{ defaultLeaseTtl: azureMountTtl, maxLeaseTtl: azureMountTtl }],\n",
        "",
      ],
    ],
  ),
  ...mutantsOf(
    "constructs/vault/transit-engine.ts",
    ["constructs/vault/transit-engine"],
    [
      ["keys can be exported", "exportable: false", "exportable: true"],
      ["keys can be backed up in clear", "allowPlaintextBackup: false", "allowPlaintextBackup: true"],
      ["keys can be deleted", "deletionAllowed: !protect", "deletionAllowed: true"],
    ],
  ),
  ...mutantsOf(
    "constructs/vault/transform-engine.ts",
    ["constructs/vault/transform-engine"],
    [
      ["the application keeps the tweak", 'tweakSource: "internal"', 'tweakSource: "supplied"'],
      ["masked numbers can be restored", 'type: "masking"', 'type: "fpe"'],
    ],
  ),
  ...mutantsOf(
    "constructs/vault/audit-log.ts",
    ["constructs/vault/audit-log"],
    [["the audit log is open to others", 'mode: "0600"', 'mode: "0644"']],
  ),
  ...mutantsOf(
    "constructs/vault/rate-limit.ts",
    ["constructs/vault/rate-limit", "properties/safety"],
    [
      ["a flood is answered", "requestsPerSecond = 500", "requestsPerSecond = 500_000"],
      ["only one mount has a limit", 'path: ""', 'path: "transit/"'],
    ],
  ),
  ...mutantsOf(
    "constructs/vault/vault-provider.ts",
    ["constructs/vault/vault-provider"],
    [["the deployers' tokens make tokens", "skipChildToken: true", "skipChildToken: false"]],
  ),
  ...mutantsOf(
    "constructs/vault/workload-logins.ts",
    ["stacks/vault-config", "properties/safety"],
    [
      ["VMs' tokens work in the web apps' subnet", "network.subnets.agents", "network.subnets.webApp"],
      ["web apps' tokens work in the whole network", "network.subnets.webApp", "network.addressSpace"],
    ],
  ),
  ...mutantsOf(
    "stacks/vault-config.ts",
    ["stacks/vault-config", "properties/safety"],
    [
      ["Vault answers floods", '    new RateLimit(this, "rate-limit");\n', ""],
      ["Vault audits nothing but first boot's device", '    new AuditLog(this, "audit");\n', ""],
    ],
  ),
];
