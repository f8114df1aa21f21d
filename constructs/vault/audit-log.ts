import { Audit } from "@cdktf/provider-vault/lib/audit";
import { Construct } from "constructs";

/** Every request and answer, secrets hashed, in a file that cloud-init rotates (logrotate.d/vault). */
export class AuditLog extends Construct {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    new Audit(this, "file", {
      type: "file",
      path: "file",
      description: "Rotated daily; Vault reopens it on SIGHUP.",
      options: { file_path: "/var/log/vault/audit.log", mode: "0600" },
    });
  }
}
