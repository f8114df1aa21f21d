import { mutantsOf } from "../mutant";

const server = "cloud-init/vault-server/files";
const agent = "cloud-init/agent-vm/files";
const common = "cloud-init/common/files";
const firstBoot = `${server}/usr/local/sbin/vault-first-boot`;
const certificate = `${server}/usr/local/sbin/vault-certificate`;
const trusted = `${agent}/usr/local/sbin/vault-ca-certificate`;

/** Mistakes on the VMs. */
export const virtualMachineMutants = [
  ...mutantsOf(
    firstBoot,
    ["cloud-init/first-boot"],
    [
      [
        "an answer that proves nothing counts as not initialized",
        'if [[ $status != 200 ]]; then\n    reason="it answered $status: $(errors)"\n    return 1\n  fi\n  # First boot erases nothing',
        "# First boot erases nothing",
      ],
      [
        "an answer without a word about it counts as not initialized",
        "[[ $is_initialized == true || $is_initialized == false ]]",
        "true",
      ],
      ["first boot erases however late", "((age <= ERASE_WITHIN_SECONDS)) ||", "true ||"],
      ["first boot erases for two hours", "ERASE_WITHIN_SECONDS:=3600", "ERASE_WITHIN_SECONDS:=7200"],
      ["first boot takes a disk that it did not make", "*:) fail_unmarked ;;", "*:) make ;;"],
      ["an interrupted join stays", "if has_older_storage; then clear_interrupted_join; fi", ""],
      ["a join that has just begun is erased", "if has_older_storage; then", "if true; then"],
      ["a Vault that has joined is erased", "! initialized || return 0\n  empty_storage", "empty_storage"],
      [
        "first boot adopts a disk without a Vault",
        'initialized || fail "vault.firstBoot is adopt',
        'true || fail "vault.firstBoot is adopt',
      ],
      [
        "first boot erases a Vault that was made elsewhere",
        "formatted | erased) fail_initialized_elsewhere ;;",
        "formatted | erased) start_over ;;",
      ],
    ],
  ),
  ...mutantsOf(
    firstBoot,
    ["sandbox/system/restarts"],
    [
      ["the initial root token stays", "ask initial POST auth/token/revoke-self nothing", "status=204"],
      ["the token in use stays", "ask working POST auth/token/revoke-self nothing", "status=204"],
      [
        "the token in use lives for ever",
        '"ttl": "%s", "explicit_max_ttl": "%s", "renewable": false',
        '"renewable": false',
      ],
      ["the audit log is open to others", '"mode": "0600"', '"mode": "0644"'],
      ["another issuer's tokens log in", '"bound_issuer": "%s"', '"bound_issuer": "%.0s"'],
    ],
    "First boot from the user data",
  ),
  ...mutantsOf(
    firstBoot,
    ["sandbox/system/restarts"],
    [["recovery keys are readable in the session", "umask 077", "umask 022"]],
    "First boot, interrupted, restarts a Vault",
  ),
  ...mutantsOf(
    firstBoot,
    ["sandbox/system/configured-vault"],
    [
      [
        "any identity of the tenant is Vault's machine",
        "bound_claims: {tid: $tenant, oid: $id}",
        "bound_claims: {tid: $tenant}",
      ],
      ["Vault's machine token works from anywhere", 'token_bound_cidrs: ["127.0.0.1/32"],', ""],
    ],
    "Access to Vault",
  ),
  ...mutantsOf(
    firstBoot,
    ["sandbox/machine/vault-machine"],
    [["the front stays down after first boot", "  open\n  start_front\n", "  open\n"]],
    "data disk that another system made",
  ),
  ...mutantsOf(
    certificate,
    ["cloud-init/certificates"],
    [
      [
        "an expired certificate is installed",
        'openssl x509 -in "$incoming/tls.crt" -noout -checkend 0 >/dev/null ||',
        "true ||",
      ],
      ["another key's certificate is installed", '[[ $key == "$certificate" ]] ||', "true ||"],
      ["the key is open to others", 'chmod 0400 "$incoming/tls.key"', 'chmod 0444 "$incoming/tls.key"'],
      ["the secret stays in a file", '  rm -- "$incoming/secret.pem"\n', ""],
    ],
  ),
  ...mutantsOf(
    trusted,
    ["cloud-init/certificates"],
    [
      [
        "an expired certificate is trusted",
        'openssl x509 -in "$newest" -noout -checkend 0 >/dev/null ||',
        "true ||",
      ],
      [
        "an expired predecessor is trusted",
        "printf '%s\\n' \"$before\" | openssl x509 -noout -checkend 0 >/dev/null",
        "true",
      ],
    ],
  ),
  ...mutantsOf(
    `${common}/etc/apt/apt.conf.d/52vault-vm`,
    ["cloud-init/files"],
    [
      ["security updates are off", 'Unattended-Upgrade "1"', 'Unattended-Upgrade "0"'],
      ["lists of packages stay old", 'Update-Package-Lists "1"', 'Update-Package-Lists "0"'],
      ["a VM never reboots for an update", 'Automatic-Reboot "true"', 'Automatic-Reboot "false"'],
      [
        "somebody who is logged in keeps the VM from its reboot",
        'Automatic-Reboot-WithUsers "true"',
        'Automatic-Reboot-WithUsers "false"',
      ],
    ],
  ),
  ...mutantsOf(
    `${server}/etc/systemd/system/vault.service`,
    ["cloud-init/directives"],
    [
      ["Vault may do everything", "\nCapabilityBoundingSet=\n", "\nCapabilityBoundingSet=CAP_SYS_ADMIN\n"],
      ["what Vault writes is open to all", "UMask=0077", "UMask=0022"],
      ["Vault is root", "User=vault\n", "User=root\n"],
      ["Vault's memory is swapped", "MemorySwapMax=0", "MemorySwapMax=infinity"],
      [
        "/etc/vault.d is Vault's own",
        "ReadWritePaths=/var/lib/vault",
        "ReadWritePaths=/var/lib/vault /etc/vault.d",
      ],
    ],
  ),
  ...mutantsOf(
    `${agent}/etc/systemd/system/ramdisk.mount`,
    ["cloud-init/directives"],
    [
      ["the ramdisk is swapped", ",noswap", ""],
      ["programs run from the ramdisk", ",noexec", ""],
      ["everybody lists the ramdisk", "mode=0751", "mode=0755"],
    ],
  ),
  ...mutantsOf(
    "cloud-init/cloud-config.ts",
    ["cloud-init/user-data"],
    [
      [
        "/etc/vault.d is owned by vault",
        'path,\n    owner: "root:root"',
        'path,\n    owner: path.startsWith("/etc/vault.d") ? "vault:vault" : "root:root"',
      ],
      ["everybody writes files", '"0755" : "0644"', '"0777" : "0666"'],
      ["a reference may end its line in an environment file", "/^[\\w.:/,@+=-]*$/.test(literal)", "true"],
    ],
  ),
  ...mutantsOf(
    `${common}/usr/local/sbin/install-release`,
    ["cloud-init/install-release"],
    [
      [
        "no signature is checked",
        '    "$incoming/signature" "$incoming/checksums" 2>/dev/null); then return; fi',
        '    "$incoming/signature" "$incoming/checksums" 2>/dev/null); then return; else return; fi',
      ],
      ["any archive will do", '[[ $found == "$expected" ]] ||', "true ||"],
      [
        "the list's checksum beats the user data's",
        "expected=${ARCHIVE_SHA256:-$listed}",
        "expected=$listed",
      ],
      ["a bad signature passes with a checksum", "&& $verdict != *BADSIG* ", ""],
    ],
  ),
  ...mutantsOf(
    `${common}/usr/local/lib/vault-vm/http.sh`,
    ["cloud-init/certificates"],
    [["a token may end its line in curl's configuration", "([A-Za-z0-9._-]+)", "([^}]+)"]],
  ),
  ...mutantsOf(
    `${server}/usr/local/sbin/vault-data-format`,
    ["cloud-init/vault-data-format"],
    [
      ["a disk with another file system is taken", "[[ $found == *' TYPE=\"ext4\"'* ]] ||", "true ||"],
      ["a disk with two kinds of content is formatted", "    2)\n", "    2 | 8)\n"],
      ["a disk with unknown data is formatted", "starts_empty ||", "true ||"],
      ["an unreadable disk is formatted", "  check_readable\n", ""],
    ],
  ),
  ...mutantsOf(
    `${server}/usr/local/sbin/vault-listener`,
    ["cloud-init/first-boot"],
    [
      [
        "Vault is open before first boot is complete",
        "2>/dev/null || true) == complete ]]",
        "2>/dev/null || true) != none ]]",
      ],
    ],
  ),
  ...mutantsOf(
    `${server}/etc/logrotate.d/vault`,
    ["cloud-init/log-rotation"],
    [
      ["a flood fills the disk with logs", "    maxsize 200M\n", ""],
      ["audit logs are gone after a week", "    rotate 30", "    rotate 7"],
      [
        "root writes in Vault's folder",
        "/var/log/vault/*.log {\n",
        "/var/log/vault/*.log {\n    su root root\n",
      ],
      ["Vault writes on to the rotated log", "systemctl reload vault.service", "true"],
    ],
  ),
  ...mutantsOf(
    `${server}/etc/vault.d/listener.hcl`,
    ["cloud-init/files"],
    [
      [
        "Vault listens for all before it has an owner",
        'address         = "127.0.0.1:8200"',
        'address         = "0.0.0.0:8200"',
      ],
    ],
  ),
  ...mutantsOf(
    `${agent}/etc/vault-agent.d/agent.hcl`,
    ["cloud-init/files", "cloud-init/user-data"],
    [
      ["browsers ask Vault Agent", "require_request_header = true", "require_request_header = false"],
      ["the agent's token is open to others", "mode = 0600", "mode = 0644"],
      ["the agent answers the network", '"/ramdisk/app/agent.sock"', '"0.0.0.0:8100"'],
      ["an agent waits for five minutes", 'max_backoff = "30s"', 'max_backoff = "5m"'],
      [
        "everybody reads the application's credentials",
        'perms                = "0640"',
        'perms                = "0644"',
      ],
    ],
  ),
  ...mutantsOf(
    "cloud-init/vault-server/front-files/etc/vault.d/front.cfg",
    ["cloud-init/vault-version"],
    [
      [
        "rekey passes the front",
        "generate-recovery-token rekey rekey-recovery-key",
        "generate-recovery-token rekey-recovery-key",
      ],
      [
        "a client says where it comes from",
        "http-request set-header X-Forwarded-For",
        "http-request add-header X-Forwarded-For",
      ],
      ["the front does not know Vault", "ssl verify required", "ssl verify none"],
    ],
  ),
];
