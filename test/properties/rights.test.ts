import { environments, systems } from "./environments";
import { allowedRights, allows, granted } from "./rights";

function assignmentsOf(environment: string) {
  const settings = environments.get(environment);
  const stacks = systems.get(environment);
  if (!settings || !stacks) throw new Error(`no environment ${environment}`);
  return [...stacks.values()].flatMap((stack) =>
    stack
      .resources("azurerm_role_assignment")
      .map((assignment) => ({ path: assignment.path, ...granted(settings, stacks, stack, assignment) })),
  );
}

describe("rights", () => {
  it.each([...environments.keys()])("%s grants only the table's rights", (environment) => {
    const unknown = assignmentsOf(environment).filter(
      (assignment) => !allowedRights.some((right) => allows(right, assignment)),
    );
    expect(unknown).toEqual([]);
  });

  it("are all granted somewhere: the table has no unused row", () => {
    const all = [...environments.keys()].flatMap(assignmentsOf);
    expect(allowedRights.filter((right) => !all.some((assignment) => allows(right, assignment)))).toEqual([]);
  });

  it.each([...environments.keys()])(
    "%s gives Vault's identity rights only on single keys, secrets and the container of its snapshots",
    (environment) => {
      const wide = assignmentsOf(environment)
        .filter(({ principal }) => principal.includes("vault-server/identity"))
        .filter(
          ({ scope }) => !/ resource_versionless_id\}$|\/secrets\/|\/containers\/snapshots$/.test(scope),
        )
        .map(({ role }) => role);
      expect(wide).toEqual([]);
    },
  );

  it.each([...environments.keys()])(
    "%s gives deployers nothing on the recovery keys or the snapshots",
    (environment) => {
      const deployers = environments.get(environment)?.deployers.map(({ objectId }) => objectId) ?? [];
      const assignments = [...(systems.get(environment)?.values() ?? [])].flatMap((stack) =>
        stack.resources("azurerm_role_assignment").filter(({ path }) => /recovery|snapshots/.test(path)),
      );
      expect(assignments).not.toEqual([]);
      const principals = assignments.map((assignment) => String(assignment.get("principal_id")));
      expect(principals.filter((principal) => deployers.includes(principal))).toEqual([]);
      // The signed-in user is a deployer.
      expect(principals.filter((principal) => principal.includes("azurerm_client_config"))).toEqual([]);
    },
  );

  it.each([...environments.keys()])("%s defines no role with an asterisk in an action", (environment) => {
    const roles = systems.get(environment)?.get("vm-reader-role")?.resources("azurerm_role_definition") ?? [];
    const actions = roles.flatMap((role) =>
      (role.get("permissions") as { actions?: string[]; data_actions?: string[] }[]).flatMap((permission) => [
        ...(permission.actions ?? []),
        ...(permission.data_actions ?? []),
      ]),
    );
    expect(actions.sort()).toEqual([
      "Microsoft.Compute/virtualMachineScaleSets/*/read",
      "Microsoft.Compute/virtualMachines/*/read",
      "Microsoft.KeyVault/vaults/secrets/readMetadata/action",
      "Microsoft.KeyVault/vaults/secrets/setSecret/action",
      "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/add/action",
      "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read",
    ]);
  });
});
