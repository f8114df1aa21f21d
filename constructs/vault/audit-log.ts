import { Audit } from "@cdktf/provider-vault/lib/audit";
import { Construct } from "constructs";

/**
 * Every request and answer, secrets hashed, in memory that cloud-init bounds and rotates. First boot's device has the same on disk, for
 * longer; Vault answers for as long as one of the two has room (docs/security.md).
 */
export class AuditLog extends Construct {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    new Audit(this, "file", {
      type: "file",
      path: "file",
      description: "In memory, for a disk that is full. On disk: first-boot.",
      options: { file_path: "/var/log/vault/memory/audit.log", mode: "0600" },
    });
  }
}
