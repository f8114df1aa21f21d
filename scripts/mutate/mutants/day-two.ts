import { mutantsOf } from "../mutant";

/** Mistakes in what restores snapshots and rotates the unseal key. */
export const dayTwoMutants = [
  ...mutantsOf(
    "cloud-init/vault-server/snapshot-files/usr/local/sbin/vault-restore",
    ["sandbox/system/snapshot"],
    [
      ["a snapshot that was cut short is restored", 'unpack "$file" "$parts" || fail', "true || fail"],
      [
        "nobody asks whether a version of the key is disabled",
        "[[ $(field .attributes.enabled) == true ]] ||",
        "true ||",
      ],
      [
        "nobody asks whether this VM may unwrap",
        'wait_until "$STORAGE_WAIT_SECONDS" "Key Vault to unwrap" key_unwraps',
        "true",
      ],
      [
        "a restore loses newer data unasked",
        'if [[ $own == "$cluster" ]]; then\n    fail',
        "if false; then\n    fail",
      ],
      ["a restore that goes on locks the VM out again", "if ! has_landed; then land; fi", "land"],
      [
        "the VM waits for a login that never works",
        'if [[ -n $RESTORE_FROM || $own != "$cluster" ]]; then check_login; fi',
        "",
      ],
    ],
    "is refused|another environment's does not know",
  ),
  ...mutantsOf(
    "cloud-init/vault-server/snapshot-files/etc/systemd/system/vault-snapshot-before.service",
    ["cloud-init/managed-files"],
    [["systemd forgets the end of the snapshot before an upgrade", "RemainAfterExit=yes\n", ""]],
  ),
  ...mutantsOf(
    "cloud-init/vault-server/cluster-files/etc/systemd/system/vault-turn.service",
    ["cloud-init/managed-files"],
    [["systemd forgets the end of a node's turn", "RemainAfterExit=yes\n", ""]],
  ),
  ...mutantsOf(
    "scripts/deployment/restore.ts",
    ["scripts/deployment/restore"],
    [
      [
        "the request stays after a refusal",
        "      if (this.interruption.exitCode === undefined) await this.deploy(environment).catch(() => {});\n",
        "",
      ],
      ["an earlier restore's report counts", "lines.find(([, of]) => of === time)?.[0]", "lines[0]?.[0]"],
      ["a restore from elsewhere begins without the key", "if (unsealKey === undefined) {", "if (false) {"],
    ],
  ),
  ...mutantsOf(
    "scripts/deployment/rotate-unseal-key.ts",
    ["scripts/deployment/rotate-unseal-key"],
    [
      ["the version before is disabled without proof", "return needed?.join() === version;", "return true;"],
      ["a repeated rotation makes one version more", "if (enabled.length < 2) await", "await"],
      ["a rotation seals Vault", "    await this.refuseSealing(before, enabled.map(versionIn));\n", ""],
      [
        "the key that Vault does not use is rotated",
        "if (environment.vault.unsealKey !== undefined) {",
        "if (false) {",
      ],
    ],
  ),
  ...mutantsOf(
    "scripts/deployment/preflight/seal-check.ts",
    ["scripts/deployment/seal-check"],
    [
      ["another unseal key seals Vault", "if (missing?.length === 0) return [];", "if (missing) return [];"],
      ["a disabled version counts", "if (!shown?.attributes.enabled)", "if (!shown)"],
    ],
  ),
  ...mutantsOf(
    "scripts/deployment/terraform-failure.ts",
    ["scripts/deployment/adoption"],
    [
      ["a restored Vault's audit device is not imported", ".*?\\* path already in use/", ".*?\\* the path/"],
      ["an auth method is disabled as a secrets engine", '? "auth" : "secrets"', '? "secrets" : "secrets"'],
    ],
    "exists in Azure but not in the state|A refusal of",
  ),
  ...mutantsOf(
    "constructs/vault/jwt-auth.ts",
    ["constructs/vault/jwt-auth"],
    [["an imported mount of jwt is updated", '      lifecycle: { ignoreChanges: ["description"] },\n', ""]],
  ),
  ...mutantsOf(
    "scripts/deployment/older-policy.ts",
    ["scripts/deployment/older-policy"],
    [
      ["each refusal blames the policy", "(deployed) => deployed !== ours", "() => true"],
      ["no refusal of Terraform has a cure", "/\\bCode: 403\\b/", "/\\bCode: 404\\b/"],
    ],
  ),
  ...mutantsOf(
    "constructs/azure/other-unseal-key.ts",
    ["constructs/azure/other-unseal-key"],
    [
      [
        "Vault unwraps with each key of that Key Vault",
        "(this, keyId,",
        '(this, keyId.replace(/\\/keys.*/, ""),',
      ],
    ],
  ),
  ...mutantsOf(
    "constructs/azure/other-snapshot-store.ts",
    ["stacks/vault-server"],
    [
      [
        "Vault changes another environment's snapshots",
        '"Storage Blob Data Reader"',
        '"Storage Blob Data Contributor"',
      ],
    ],
    "another environment's snapshots",
  ),
];
