import { AuditLog } from "../../../constructs/vault/audit-log";
import { synthesizeConstructs } from "../../synthesis";

describe("AuditLog", () => {
  const audit = synthesizeConstructs((scope) => new AuditLog(scope, "audit")).only("vault_audit");

  it("writes to the file in memory that cloud-init limits and rotates, readable only by Vault", () => {
    expect(audit.attributes).toMatchObject({
      type: "file",
      path: "file",
      options: { file_path: "/var/log/vault/memory/audit.log", mode: "0600" },
    });
  });

  it("hashes secrets: it does not request raw values", () => {
    expect(audit.get("options")).not.toHaveProperty("log_raw");
  });
});
