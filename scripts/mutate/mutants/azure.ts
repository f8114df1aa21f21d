import { mutantsOf } from "../mutant";

const vaultServerTests = ["stacks/vault-server", "properties/evidence", "properties/safety"];

/** Mistakes in the resources on Azure. */
export const azureMutants = [
  ...mutantsOf(
    "constructs/azure/package-store.ts",
    ["constructs/azure/package-store", "properties/safety"],
    [
      ["the container is public", 'containerAccessType: "private"', 'containerAccessType: "blob"'],
      ["packages are pushed with an account key", "--auth-mode login", "--auth-mode key"],
    ],
  ),
  ...mutantsOf(
    "constructs/azure/snapshot-store.ts",
    ["constructs/azure/snapshot-store", "properties/safety"],
    [
      ["snapshots are public", 'containerAccessType: "private"', 'containerAccessType: "blob"'],
      [
        "snapshots can be deleted",
        "if (props.protect) this.forbidChanges",
        "if (!props.protect) this.forbidChanges",
      ],
      ["snapshots are kept for ever", "enabled: true,", "enabled: false,"],
      [
        "the account of the snapshots can be destroyed",
        "protect ? { preventDestroy: true } : undefined",
        "undefined",
      ],
      [
        "Vault keeps snapshots by another role",
        "roleDefinitionId: keeperRoleId",
        'roleDefinitionName: "Storage Blob Data Owner"',
      ],
    ],
  ),
  ...mutantsOf(
    "constructs/azure/snapshot-keeper-role.ts",
    ["constructs/azure/snapshot-store", "properties/rights"],
    [["Vault's identity may overwrite snapshots", "containers/blobs/add/action", "containers/blobs/write"]],
  ),
  ...mutantsOf(
    "constructs/azure/private-storage-account.ts",
    ["constructs/azure/package-store", "properties/safety"],
    [
      [
        "packages are copied to other tenants",
        "crossTenantReplicationEnabled: false",
        "crossTenantReplicationEnabled: true",
      ],
      ["the package store has keys", "sharedAccessKeyEnabled: false", "sharedAccessKeyEnabled: true"],
      ["the package store has users of its own", "localUserEnabled: false", "localUserEnabled: true"],
      ["blobs may be public", "allowNestedItemsToBePublic: false", "allowNestedItemsToBePublic: true"],
      ["packages travel over plain HTTP", "httpsTrafficOnlyEnabled: true", "httpsTrafficOnlyEnabled: false"],
      ["packages travel over TLS 1.0", '"TLS1_2"', '"TLS1_0"'],
      ["the package store is open to all", 'defaultAction: "Deny"', 'defaultAction: "Allow"'],
      ["Azure's services pass the package store's firewall", 'bypass: ["None"]', 'bypass: ["AzureServices"]'],
      ["an overwritten package is gone", "versioningEnabled: true", "versioningEnabled: false"],
      [
        "portal and scripts use keys",
        "defaultToOauthAuthentication: true",
        "defaultToOauthAuthentication: false",
      ],
      [
        "a deleted package is gone in a day",
        "      deleteRetentionPolicy: { days: 7 }",
        "      deleteRetentionPolicy: { days: 1 }",
      ],
      [
        "a deleted container is gone in a day",
        "containerDeleteRetentionPolicy: { days: 7 }",
        "containerDeleteRetentionPolicy: { days: 1 }",
      ],
    ],
  ),
  ...mutantsOf(
    "constructs/azure/key-vault.ts",
    ["constructs/azure/key-vault", "properties/network"],
    [
      ["Key Vault has access policies", "rbacAuthorizationEnabled: true", "rbacAuthorizationEnabled: false"],
      ["Key Vault can be purged", "purgeProtectionEnabled: true", "purgeProtectionEnabled: false"],
      ["a deleted Key Vault is gone in a week", "softDeleteRetentionDays: 90", "softDeleteRetentionDays: 7"],
      ["Key Vault is open to all", 'defaultAction: "Deny"', 'defaultAction: "Allow"'],
      ["Azure's services pass Key Vault's firewall", 'bypass: "None"', 'bypass: "AzureServices"'],
      ["Key Vault can be destroyed", "protect ? { preventDestroy: true } : undefined", "undefined"],
    ],
  ),
  ...mutantsOf(
    "constructs/azure/network/private-endpoint.ts",
    ["constructs/azure/network/private-endpoint", "properties/private-endpoints"],
    [["a private endpoint waits for a person", "isManualConnection: false", "isManualConnection: true"]],
  ),
  ...mutantsOf(
    "constructs/azure/network/service-firewall.ts",
    ["constructs/azure/key-vault", "properties/private-endpoints"],
    [
      ["a service that admits nobody has a public address", "admitsNobody ? false : undefined", "undefined"],
      [
        "the firewalls admit own subnets besides their private endpoints",
        "return network.privateEndpoints ? [] : names.map",
        "return names.map",
      ],
    ],
  ),
  ...mutantsOf(
    "constructs/azure/network/system-network.ts",
    ["constructs/azure/network/system-network", "properties/private-endpoints"],
    [
      [
        "the whole network reaches private endpoints",
        'inbound(125, "https-from-agents", agents,',
        'inbound(125, "https-from-agents", "VirtualNetwork",',
      ],
      [
        "agents reach the endpoints of recovery keys and snapshots",
        '"restrictedEndpoints", restrictedEndpoints, [])',
        '"restrictedEndpoints", restrictedEndpoints, [inbound(125, "https-from-agents", agents, restrictedEndpoints, 443)])',
      ],
      [
        "agents try the endpoints of recovery keys and snapshots",
        'this.toEndpoints(135, agents, "privateEndpoints")',
        'this.toEndpoints(135, agents, "restrictedEndpoints")',
      ],
      ["public addresses reach private endpoints", ".filter(({ cidr }) => !isPublic(cidr))", ""],
      [
        "clients reach private endpoints",
        'fromRanges(205, "https-from-deployers", deployers,',
        'fromRanges(205, "https-from-deployers", this.props.environment.network.clientRanges,',
      ],
    ],
  ),
  ...mutantsOf(
    "constructs/azure/workloads/agent-vm.ts",
    ["properties/private-endpoints"],
    [["VMs start before they can fetch the application", "dependsOn: dependsOn(store.endpoint),", ""]],
  ),
  ...mutantsOf(
    "constructs/azure/vault-server/recovery-key-vault.ts",
    ["properties/private-endpoints"],
    [["workloads reach the recovery keys", "network.restrictedEndpoints", "network.privateEndpoints"]],
  ),
  ...mutantsOf(
    "constructs/azure/vault-server/vault-snapshot-store.ts",
    ["properties/private-endpoints"],
    [["workloads reach the snapshots", "network.restrictedEndpoints", "network.privateEndpoints"]],
  ),
  ...mutantsOf(
    "constructs/azure/mysql-server.ts",
    ["constructs/azure/mysql-server"],
    [
      [
        "MySQL accepts connections in clear",
        'require_secure_transport: "ON"',
        'require_secure_transport: "OFF"',
      ],
      ["MySQL accepts TLS 1.1", '"TLSv1.2,TLSv1.3"', '"TLSv1.1,TLSv1.2,TLSv1.3"'],
      ["refused callers are not logged", '"CONNECTION,DDL,DCL"', '"DDL,DCL"'],
      ["changes of rights are not logged", '"CONNECTION,DDL,DCL"', '"CONNECTION,DDL"'],
      ["MySQL logs nobody", 'audit_log_enabled: "ON"', 'audit_log_enabled: "OFF"'],
      ["statements with customers' data are logged", '"CONNECTION,DDL,DCL"', '"CONNECTION,DDL,DCL,GENERAL"'],
      ["MySQL can be destroyed", "preventDestroy: protect ? true : undefined", "preventDestroy: undefined"],
      [
        "the database can be destroyed",
        "lifecycle: protect ? { preventDestroy: true } : undefined",
        "lifecycle: undefined",
      ],
      ["MySQL shrinks, and so is replaced", '          "storage[0].size_gb",\n', ""],
      ["MySQL has no lock", "if (props.protect) {", "if (false) {"],
      ["MySQL does not grow", "autoGrowEnabled: true", "autoGrowEnabled: false"],
      [
        "the password never changes",
        "administratorPasswordWoVersion: settings.passwordVersion",
        "administratorPasswordWoVersion: 1",
      ],
    ],
  ),
  ...mutantsOf(
    "constructs/azure/deletion-lock.ts",
    ["constructs/azure/deletion-lock"],
    [["the lock forbids changes, not deletion", '"CanNotDelete"', '"ReadOnly"']],
  ),
  ...mutantsOf(
    "constructs/azure/unseal-key.ts",
    ["constructs/azure/unseal-key"],
    [
      ["the unseal key signs", '["wrapKey", "unwrapKey"]', '["wrapKey", "unwrapKey", "sign"]'],
      ["the unseal key is short", "keySize: 3072", "keySize: 2048"],
      ["the unseal key can be destroyed", "protect ? { preventDestroy: true } : undefined", "undefined"],
      ["Vault manages all keys", '"Key Vault Crypto Service Encryption User"', '"Key Vault Crypto Officer"'],
      ["Vault uses every key", "key.resourceVersionlessId", "key.keyVaultId"],
      ["the unseal key is in software", 'hardware ? "RSA-HSM" : "RSA"', '"RSA"'],
    ],
  ),
  ...mutantsOf(
    "constructs/azure/tls-certificate.ts",
    ["constructs/azure/tls-certificate", "properties/safety"],
    [
      ["a renewed certificate has the old key", "reuseKey: false", "reuseKey: true"],
      ["the certificate's key is short", "keySize: 3072", "keySize: 1024"],
      [
        "the certificate is not for servers",
        'const serverAuthentication = "1.3.6.1.5.5.7.3.1"',
        'const serverAuthentication = "1.3.6.1.5.5.7.3.2"',
      ],
      ["nobody renews the certificate", '"AutoRenew"', '"EmailContacts"'],
      ["the certificate comes as PKCS 12", '"application/x-pem-file"', '"application/x-pkcs12"'],
      [
        "the certificate signs others",
        '["digitalSignature", "keyEncipherment"]',
        '["digitalSignature", "keyEncipherment", "keyCertSign"]',
      ],
      [
        "Vault's VM reads every secret",
        "this.allowFetch(`${keyVaultId}/secrets/${name}`",
        "this.allowFetch(keyVaultId",
      ],
      ["the certificate lacks a name", "dnsNames: [...dnsNames]", "dnsNames: [dnsNames[0]]"],
    ],
  ),
  ...mutantsOf(
    "constructs/azure/linux-vm.ts",
    ["constructs/azure/linux-vm", "properties/safety"],
    [
      ["VMs take passwords", "disablePasswordAuthentication: true", "disablePasswordAuthentication: false"],
      ["VMs boot anything", "secureBootEnabled: true", "secureBootEnabled: false"],
      ["VMs have no TPM", "vtpmEnabled: true", "vtpmEnabled: false"],
      [
        "extensions run as root on each VM",
        "allowExtensionOperations: this.extensions.length > 0",
        "allowExtensionOperations: true",
      ],
      ["a new image replaces the VM", '["source_image_reference"]', "[]"],
      [
        "temporary disks are in clear",
        "encryptionAtHostEnabled: this.props.encryptionAtHost",
        "encryptionAtHostEnabled: false",
      ],
    ],
  ),
  ...mutantsOf(
    "constructs/azure/admin-ssh-key.ts",
    ["constructs/azure/admin-ssh-key"],
    [["a person who may sign logs in to the VMs", '["verify"]', '["verify", "sign"]']],
  ),
  ...mutantsOf(
    "constructs/azure/web-app.ts",
    ["constructs/azure/web-app", "properties/network", "properties/safety"],
    [
      [
        "visitors reach the deployment endpoint",
        "restrictions(deployerRanges, ",
        "restrictions(visitorRanges, ",
      ],
      [
        "the deployment endpoint is open to all",
        'scmIpRestrictionDefaultAction: "Deny"',
        'scmIpRestrictionDefaultAction: "Allow"',
      ],
      [
        "the web app is open to all",
        '      ipRestrictionDefaultAction: "Deny"',
        '      ipRestrictionDefaultAction: "Allow"',
      ],
      ["the web app answers plain HTTP", "httpsOnly: true", "httpsOnly: false"],
      [
        "the web app takes TLS 1.0",
        'minimumTlsVersion: "1.2",\n      scm',
        'minimumTlsVersion: "1.0",\n      scm',
      ],
      ["the deployment endpoint takes TLS 1.0", 'scmMinimumTlsVersion: "1.2"', 'scmMinimumTlsVersion: "1.0"'],
      ["FTP is on", 'ftpsState: "Disabled"', 'ftpsState: "AllAllowed"'],
      [
        "packages are published with a password",
        "webdeployPublishBasicAuthenticationEnabled: false",
        "webdeployPublishBasicAuthenticationEnabled: true",
      ],
      [
        "FTP takes a password",
        "ftpPublishBasicAuthenticationEnabled: false",
        "ftpPublishBasicAuthenticationEnabled: true",
      ],
      ["a debugger may attach", "remoteDebuggingEnabled: false", "remoteDebuggingEnabled: true"],
      ["the web app goes round the network", "vnetRouteAllEnabled: true", "vnetRouteAllEnabled: false"],
      ["telemetry is sent with a key", '"Authorization=AAD"', '""'],
      ["who was refused is logged nowhere", '        "AppServiceIPSecAuditLogs",\n', ""],
      ["who deploys is logged nowhere", '        "AppServiceAuditLogs",\n', ""],
      ["a rule refuses instead of allowing", 'action: "Allow"', 'action: "Deny"'],
    ],
  ),
  ...mutantsOf(
    "constructs/azure/web-app-login.ts",
    ["constructs/azure/web-app"],
    [
      [
        "visitors without a login are let through",
        "requireAuthentication: true",
        "requireAuthentication: false",
      ],
      ["sign-in is off", "authEnabled: true", "authEnabled: false"],
      ["sign-in goes over plain HTTP", "requireHttps: true", "requireHttps: false"],
      ["visitors' tokens are kept", "tokenStoreEnabled: false", "tokenStoreEnabled: true"],
      [
        "tokens for anybody sign in",
        "allowedAudiences: [this.props.clientId, `api://${this.props.clientId}`]",
        "allowedAudiences: []",
      ],
    ],
  ),
  ...mutantsOf(
    "constructs/azure/application-monitoring.ts",
    ["constructs/azure/application-monitoring"],
    [
      ["logs are read with a key", "localAuthenticationEnabled: false", "localAuthenticationEnabled: true"],
      [
        "telemetry is written with a key",
        '"local_authentication_enabled", false',
        '"local_authentication_enabled", true',
      ],
    ],
  ),
  ...mutantsOf(
    "constructs/azure/recovery-key-writer-role.ts",
    ["constructs/azure/recovery-key-writer-role"],
    [
      [
        "Vault reads the recovery keys",
        '"Microsoft.KeyVault/vaults/secrets/readMetadata/action"',
        '"Microsoft.KeyVault/vaults/secrets/getSecret/action"',
      ],
    ],
  ),
  ...mutantsOf(
    "constructs/azure/virtual-machine-reader-role.ts",
    ["constructs/azure/virtual-machine-reader-role"],
    [
      [
        "Vault reads everything of compute",
        '"Microsoft.Compute/virtualMachines/*/read"',
        '"Microsoft.Compute/*/read"',
      ],
    ],
  ),
  ...mutantsOf(
    "constructs/azure/recovery-keys.ts",
    ["constructs/azure/recovery-keys"],
    [
      ["readers of recovery keys may write them", '"Key Vault Secrets User"', '"Key Vault Secrets Officer"'],
      [
        "Vault writes any secret of the recovery Key Vault",
        "this.allowVaultToWrite(secretId",
        "this.allowVaultToWrite(keyVault.id",
      ],
      [
        "readers read any secret of the recovery Key Vault",
        "this.allowReaders(secretId",
        "this.allowReaders(keyVault.id",
      ],
    ],
  ),
  ...mutantsOf(
    "constructs/azure/certificate-reader.ts",
    ["constructs/azure/certificate-reader"],
    [["clients read secrets", '"Key Vault Reader"', '"Key Vault Secrets User"']],
  ),
  ...mutantsOf(
    "constructs/azure/network/secured-subnet.ts",
    ["constructs/azure/network/secured-subnet", "properties/network"],
    [["Azure lets each VM out by itself", "undefined ? false : undefined", "undefined ? true : undefined"]],
  ),
  ...mutantsOf(
    "constructs/azure/network/security-group.ts",
    ["constructs/azure/network/security-group", "properties/network"],
    [
      [
        "a security group refuses TCP only",
        'access: "Deny",\n      protocol: "*"',
        'access: "Deny",\n      protocol: "Tcp"',
      ],
      ["a security group lets the rest through", 'access: "Deny"', 'access: "Allow"'],
      ["a flow is of any protocol", 'protocol: "Tcp"', 'protocol: "*"'],
    ],
  ),
  ...mutantsOf(
    "constructs/azure/vault-server/vault-keys.ts",
    ["properties/rights"],
    [
      [
        "the signed-in person reads the recovery keys",
        "      readers: recoveryKeyReaders,\n",
        '      readers: [...recoveryKeyReaders, { name: "", objectId: "${data.azurerm_client_config.deployer.object_id}", type: "User" }],\n',
      ],
    ],
  ),
  ...mutantsOf("constructs/azure/vault-server/recovery-key-vault.ts", vaultServerTests, [
    [
      "the recovery Key Vault is reached from every subnet",
      'allowedSubnets: [...admittedSubnets(network, "vault"), ...deployerSubnets',
      'allowedSubnets: [...admittedSubnets(network, "vault", "agents", "webApp"), ...deployerSubnets',
    ],
    [
      "who reads recovery keys is logged nowhere",
      '    new Evidence(scope, `${id}-evidence`, { environment, of: this.id, categories: ["AuditEvent"] });\n',
      "",
    ],
  ]),
  ...mutantsOf("constructs/azure/vault-server/vault-key-vault.ts", vaultServerTests, [
    [
      "the main Key Vault is reached by clients",
      "deployerRanges.map(({ cidr }) => cidr)",
      "environment.network.clientRanges.map(({ cidr }) => cidr)",
    ],
  ]),
  ...mutantsOf("constructs/azure/vault-server/vault-server-node.ts", vaultServerTests, [
    ["deployers' groups use the recovery keys", '.filter(({ type }) => type !== "Group")\n', "\n"],
  ]),
  ...mutantsOf(
    "constructs/azure/workloads/web-workload.ts",
    ["stacks/web-app", "properties/safety"],
    [
      [
        "clients deploy packages",
        "deployerRanges: publicRanges(network.deployerRanges)",
        "deployerRanges: publicRanges([...network.deployerRanges, ...network.clientRanges])",
      ],
      [
        "people visit without signing in",
        "if (!workload.requireLogin || !workload.login) return undefined;",
        "return undefined;",
      ],
    ],
  ),
];
