import { Audit } from "@cdktf/provider-vault/lib/audit";
import { Construct } from "constructs";

/**
 * Logs every request and response with hashed secrets, in memory that cloud-init limits and rotates. First boot's
 * device keeps the same log on disk, for longer. Vault answers while either device has room (docs/security.md).
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
