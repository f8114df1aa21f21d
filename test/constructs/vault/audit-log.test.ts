import { AuditLog } from "../../../constructs/vault/audit-log";
import { synthesizeConstructs } from "../../synthesis";

describe("AuditLog", () => {
  const audit = synthesizeConstructs((scope) => new AuditLog(scope, "audit")).only("vault_audit");

  it("writes to the file in memory that cloud-init bounds and rotates, readable by Vault alone", () => {
    expect(audit.attributes).toMatchObject({
      type: "file",
      path: "file",
      options: { file_path: "/var/log/vault/memory/audit.log", mode: "0600" },
    });
  });

  it("hashes secrets: raw values are not asked for", () => {
    expect(audit.get("options")).not.toHaveProperty("log_raw");
  });
});
