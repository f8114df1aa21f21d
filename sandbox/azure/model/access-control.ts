import { roleAssignmentResource, roleAssignmentsIn } from "../services/resource-manager/authorization";
import { builtInRole } from "./built-in-roles";
import type { ResourceStore } from "./resource-store";
import type { RoleDefinition } from "./role-definition";
import { type AzureWorld, checkRoleAssignment, type RoleAssignment } from "./world";

/** Azure RBAC: who may do what, where. */
export class AccessControl {
  /** Milliseconds until an assignment works that Azure Resource Manager made: up to minutes in Azure. */
  assignmentsTakeMs = 0;
  readonly #world: AzureWorld;
  readonly #store: ResourceStore;

  constructor(world: AzureWorld, store: ResourceStore) {
    this.#world = world;
    this.#store = store;
  }

  add(assignment: RoleAssignment): void {
    checkRoleAssignment(this.#world, assignment);
    this.#store.put(roleAssignmentResource(assignment, this.#world.subscriptionId));
  }

  /** Takes away every assignment that agrees in all the fields given; says how many there were. */
  remove(which: Partial<RoleAssignment>): number {
    const taken = roleAssignmentsIn(this.#store).filter((assignment) =>
      Object.entries(which).every(([field, value]) => assignment[field as keyof RoleAssignment] === value),
    );
    for (const { id } of taken) this.#store.delete(id);
    return taken.length;
  }

  /** On the management plane: ARM's actions, for instance Microsoft.Compute/virtualMachines/read. */
  allowsAction(principalId: string, action: string, resourceId: string): boolean {
    return this.rolesAt(principalId, resourceId).some(
      ({ actions, notActions = [] }) =>
        actions.some((pattern) => matchesOperation(pattern, action)) &&
        !notActions.some((pattern) => matchesOperation(pattern, action)),
    );
  }

  /** On the data plane: Microsoft.KeyVault/vaults/keys/wrap/action, for instance. */
  allowsDataAction(principalId: string, action: string, resourceId: string): boolean {
    return this.rolesAt(principalId, resourceId).some(({ dataActions }) =>
      dataActions.some((pattern) => matchesOperation(pattern, action)),
    );
  }

  /** The roles that hold at a resource, from wherever they were assigned. */
  rolesAt(principalId: string, resourceId: string): RoleDefinition[] {
    return this.#world.roleAssignments
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
    return this.#world.roleDefinitions.find((role) => role.name === name) ?? builtInRole(name);
  }
}

/** Whole segments, in any case: .../keys/unseal does not cover .../keys/unseal-2. */
export function isWithin(scope: string, resourceId: string): boolean {
  const outer = scope.toLowerCase().split("/").filter(Boolean);
  const inner = resourceId.toLowerCase().split("/").filter(Boolean);
  return outer.every((segment, index) => inner[index] === segment);
}

// Whether a role's operation, which may hold wildcards, covers an operation. A wildcard between two slashes also stands for no
// segment at all. Microsoft documents only that * extends a permission to everything that matches the string, but its own role
// Virtual Machine Administrator Login, and the role that HashiCorp documents for the azure auth method, grant the read of
// the machine itself with Microsoft.Compute/virtualMachines/*/read and nothing else.
export function matchesOperation(pattern: string, operation: string): boolean {
  const expression = pattern
    .replace(/[.\\+?^${}()|[\]]/g, "\\$&")
    .replace(/\/\*\/|\*/g, (wildcard) => (wildcard === "*" ? ".*" : "/(?:.*/)?"));
  return new RegExp(`^${expression}$`, "i").test(operation);
}
