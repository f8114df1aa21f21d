import { Refusal } from "../server/refusal";
import { roleAssignmentResource, roleAssignmentsIn } from "../services/resource-manager/authorization";
import { builtInRole } from "./built-in-roles";
import type { ResourceStore } from "./resource-store";
import type { RoleDefinition } from "./role-definition";
import { type AzureWorld, checkRoleAssignment, type RoleAssignment } from "./world";

/** Azure RBAC: the rights of principals at scopes. */
export class AccessControl {
  /** Milliseconds until a new assignment of Azure Resource Manager works. Azure needs up to minutes. */
  assignmentsTakeMs = 0;

  constructor(
    private readonly world: AzureWorld,
    private readonly store: ResourceStore,
  ) {}

  add(assignment: RoleAssignment): void {
    checkRoleAssignment(this.world, assignment);
    this.store.put(roleAssignmentResource(assignment, this.world.subscriptionId));
  }

  /** Removes every assignment that matches all given fields, and returns their number. */
  remove(which: Partial<RoleAssignment>): number {
    const taken = roleAssignmentsIn(this.store).filter((assignment) =>
      Object.entries(which).every(([field, value]) => assignment[field as keyof RoleAssignment] === value),
    );
    for (const { id } of taken) this.store.delete(id);
    return taken.length;
  }

  /** Checks the management plane: ARM's actions, for example Microsoft.Compute/virtualMachines/read. */
  allowsAction(principalId: string, action: string, resourceId: string): boolean {
    return this.rolesAt(principalId, resourceId).some(
      ({ actions, notActions = [] }) =>
        actions.some((pattern) => matchesOperation(pattern, action)) &&
        !notActions.some((pattern) => matchesOperation(pattern, action)),
    );
  }

  /** @throws Refusal 403, as Azure Resource Manager answers a caller without the right */
  requireAction(principalId: string, action: string, scope: string): void {
    if (this.allowsAction(principalId, action, scope)) return;
    throw new Refusal(
      403,
      "AuthorizationFailed",
      `The client '${principalId}' with object id '${principalId}' does not have authorization to perform action '${action}' over scope '${scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
    );
  }

  /** Checks the data plane, for example Microsoft.KeyVault/vaults/keys/wrap/action. */
  allowsDataAction(principalId: string, action: string, resourceId: string): boolean {
    return this.rolesAt(principalId, resourceId).some(({ dataActions }) =>
      dataActions.some((pattern) => matchesOperation(pattern, action)),
    );
  }

  /** Returns the roles at a resource, including roles from outer scopes. */
  rolesAt(principalId: string, resourceId: string): RoleDefinition[] {
    return this.world.roleAssignments
      .filter(
        (assignment) =>
          assignment.principalId === principalId &&
          isWithin(assignment.scope, resourceId) &&
          this.#works(assignment),
      )
      .flatMap(({ roleName }) => this.#role(roleName) ?? []);
  }

  #works({ createdOn }: RoleAssignment): boolean {
    return createdOn === undefined || Date.parse(createdOn) + this.assignmentsTakeMs <= Date.now();
  }

  #role(name: string): RoleDefinition | undefined {
    return this.world.roleDefinitions.find((role) => role.name === name) ?? builtInRole(name);
  }
}

/** Compares whole segments and ignores case: .../keys/unseal does not cover .../keys/unseal-2. */
function isWithin(scope: string, resourceId: string): boolean {
  const outer = scope.toLowerCase().split("/").filter(Boolean);
  const inner = resourceId.toLowerCase().split("/").filter(Boolean);
  return outer.every((segment, index) => inner[index] === segment);
}

// Returns true if a role's operation covers an operation. The role's operation may contain wildcards. A wildcard
// between two slashes also matches no segment. Microsoft documents only that * extends a permission to everything
// that matches the string. But two roles grant the read of the machine itself with only
// Microsoft.Compute/virtualMachines/*/read: Microsoft's own role Virtual Machine Administrator Login, and the role
// that HashiCorp documents for the azure auth method.
export function matchesOperation(pattern: string, operation: string): boolean {
  const expression = pattern
    .replace(/[.\\+?^${}()|[\]]/g, "\\$&")
    .replace(/\/\*\/|\*/g, (wildcard) => (wildcard === "*" ? ".*" : "/(?:.*/)?"));
  return new RegExp(`^${expression}$`, "i").test(operation);
}
