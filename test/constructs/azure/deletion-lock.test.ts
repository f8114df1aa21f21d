import { DeletionLock } from "../../../constructs/azure/deletion-lock";
import { synthesizeConstructs } from "../../synthesis";

describe("DeletionLock", () => {
  const lock = synthesizeConstructs(
    (scope) => new DeletionLock(scope, "lock", { resourceId: "/disk", protects: "all data in Vault" }),
  ).only("azurerm_management_lock");

  it("makes Azure refuse only the deletion of that resource", () => {
    expect(lock.attributes).toMatchObject({ scope: "/disk", lock_level: "CanNotDelete" });
  });

  it("explains what a deletion would lose, and how to allow it", () => {
    expect(lock.get("notes")).toBe(
      "Deleting this loses all data in Vault. To allow it, set protectData to false in the environment file, and deploy.",
    );
  });

  it("keeps its notes within Azure's 512 characters", () => {
    expect(String(lock.get("notes")).length).toBeLessThanOrEqual(512);
  });
});
