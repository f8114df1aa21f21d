import { builtInRole, builtInRoles } from "../../model/built-in-roles";
import { list, propertiesOf, text } from "../../model/fields";
import { sameId } from "../../model/resource-id";
import type { ResourceStore } from "../../model/resource-store";
import type { RoleDefinition } from "../../model/role-definition";
import type { ArmResource, RoleAssignment } from "../../model/world";
import { Refusal } from "../../server/refusal";
import { guidFor } from "./managed-identities";
import type { ResourceTypes, Writing } from "./resource-type";

const roleDefinitionType = "Microsoft.Authorization/roleDefinitions";
const roleAssignmentType = "Microsoft.Authorization/roleAssignments";

export const authorizationTypes: ResourceTypes = {
  [roleDefinitionType.toLowerCase()]: {
    stateless: true,
    putStatus: 201,
    computed: ({ existing }) => ({
      properties: {
        type: "CustomRole",
        createdOn: propertiesOf(existing)["createdOn"] ?? now(),
        updatedOn: now(),
      },
    }),
    check: refuseSecondRole,
    checkDelete: ({ store }, role) => {
      const held = store
        .ofType(roleAssignmentType)
        .some((assignment) => sameId(roleIdOf(assignment), lastSegment(role.id)));
      if (held) {
        throw new Refusal(
          400,
          "RoleDefinitionHasAssignments",
          "There are existing role assignments referencing role (code: RoleDefinitionHasAssignments).",
        );
      }
    },
  },
  [roleAssignmentType.toLowerCase()]: {
    stateless: true,
    computed: ({ existing, target, sent, store }) => ({
      properties: {
        scope: target.scope || "/",
        // Azure finds the type itself. Here every principal without a managed identity is a person.
        principalType:
          text(propertiesOf(sent)["principalType"]) ??
          (store.clientIdOf(String(propertiesOf(sent)["principalId"])) === undefined
            ? "User"
            : "ServicePrincipal"),
        createdOn: propertiesOf(existing)["createdOn"] ?? now(),
        updatedOn: now(),
      },
    }),
    check: refuseSecondAssignment,
  },
};

/** The built-in roles in ARM's form. */
export function builtInRoleResources(): ArmResource[] {
  return builtInRoles.map((role) => ({
    id: `/providers/${roleDefinitionType}/${role.id}`,
    name: role.id,
    type: roleDefinitionType,
    properties: {
      roleName: role.name,
      type: "BuiltInRole",
      description: role.name,
      assignableScopes: ["/"],
      permissions: [permissionOf(role)],
    },
  }));
}

/** A role's rights in ARM's form. */
export const permissionOf = ({ actions, notActions = [], dataActions }: RoleDefinition) => ({
  actions,
  notActions,
  dataActions,
  notDataActions: [],
});

/** Returns the filter function for a list of roles or assignments, or undefined for an unsupported filter. */
export function authorizationFilter(
  filter: string,
  scope: string,
): ((resource: ArmResource) => boolean) | undefined {
  const [, roleName] = /^roleName eq '([^']*)'$/i.exec(filter) ?? [];
  if (roleName !== undefined) return ({ properties }) => properties?.["roleName"] === roleName;
  const [, type] = /^type eq '([^']*)'$/i.exec(filter) ?? [];
  if (type !== undefined) return ({ properties }) => properties?.["type"] === type;
  const [, principalId] = /principalId eq '([^']*)'|assignedTo\('([^']*)'\)/i.exec(filter) ?? [];
  if (principalId !== undefined) return ({ properties }) => properties?.["principalId"] === principalId;
  if (/^atScope\(\)/i.test(filter)) {
    return ({ properties }) =>
      `${scope}/`.toLowerCase().startsWith(`${properties?.["scope"]}/`.toLowerCase());
  }
  return undefined;
}

/** Returns custom roles in the form of the access checks. */
export function roleDefinitionsIn(store: ResourceStore): RoleDefinition[] {
  return store.ofType(roleDefinitionType).map(({ properties = {} }) => {
    const permissions = list(properties["permissions"]);
    const all = (kind: string) => permissions.flatMap((one) => (one[kind] as string[] | undefined) ?? []);
    return {
      name: String(properties["roleName"]),
      actions: all("actions"),
      notActions: all("notActions"),
      dataActions: all("dataActions"),
    };
  });
}

/** Returns role assignments with their ids. Assignments of unknown roles grant nothing. */
export function roleAssignmentsIn(store: ResourceStore): (RoleAssignment & { id: string })[] {
  const custom = store.ofType(roleDefinitionType);
  return store.ofType(roleAssignmentType).flatMap((assignment) => {
    const roleId = roleIdOf(assignment);
    const roleName =
      text(custom.find(({ name }) => sameId(name, roleId))?.properties?.["roleName"]) ??
      builtInRoles.find(({ id }) => sameId(id, roleId))?.name;
    if (roleName === undefined) return [];
    const { principalId, scope, createdOn } = propertiesOf(assignment);
    const { id } = assignment;
    return {
      id,
      principalId: String(principalId),
      scope: String(scope),
      roleName,
      createdOn: text(createdOn),
    };
  });
}

/** A custom role in ARM's form. */
export function roleDefinitionResource(role: RoleDefinition, subscriptionId: string): ArmResource {
  const id = guidFor(`role ${role.name}`);
  return {
    id: `/subscriptions/${subscriptionId}/providers/${roleDefinitionType}/${id}`,
    name: id,
    type: roleDefinitionType,
    properties: { roleName: role.name, type: "CustomRole", permissions: [permissionOf(role)] },
  };
}

/** An assignment of a built-in role, or of a custom role from roleDefinitionResource. */
export function roleAssignmentResource(
  { principalId, roleName, scope, createdOn }: RoleAssignment,
  subscriptionId: string,
): ArmResource {
  const name = guidFor(`${principalId} ${roleName} ${scope}`);
  const role = builtInRole(roleName)?.id ?? guidFor(`role ${roleName}`);
  return {
    id: `${scope}/providers/${roleAssignmentType}/${name}`,
    name,
    type: roleAssignmentType,
    properties: {
      principalId,
      scope,
      roleDefinitionId: `/subscriptions/${subscriptionId}/providers/${roleDefinitionType}/${role}`,
      createdOn,
    },
  };
}

/** A custom role's name is unique in the tenant. */
function refuseSecondRole({ store, id, sent }: Writing): void {
  const roleName = propertiesOf(sent)["roleName"];
  const other = store
    .ofType(roleDefinitionType)
    .find((role) => propertiesOf(role)["roleName"] === roleName && !sameId(role.id, id));
  if (!other) return;
  throw new Refusal(
    409,
    "RoleDefinitionWithSameNameExists",
    `A custom role with the same name already exists in this directory. Use a different name (code: ${roleName}).`,
  );
}

function refuseSecondAssignment({ store, id, sent, target }: Writing): void {
  const { principalId } = propertiesOf(sent);
  const other = store
    .ofType(roleAssignmentType)
    .find(
      (one) =>
        !sameId(one.id, id) &&
        sameId(String(propertiesOf(one)["scope"]), target.scope) &&
        propertiesOf(one)["principalId"] === principalId &&
        sameId(roleIdOf(one), roleIdOf(sent)),
    );
  if (!other) return;
  throw new Refusal(
    409,
    "RoleAssignmentExists",
    `The role assignment already exists. The ID of the conflicting role assignment is ${other.name}.`,
  );
}

const roleIdOf = (assignment: ArmResource): string =>
  lastSegment(String(propertiesOf(assignment)["roleDefinitionId"]));

const lastSegment = (id: string): string => id.split("/").at(-1) ?? "";

const now = (): string => new Date().toISOString();
