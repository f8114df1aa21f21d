/**
 * Returns the condition for an identity's right to write and delete role assignments. The identity may assign itself only its own roles, and
 * anyone else all roles with these ids. Source: Azure, conditions for role assignments, "Constrain roles".
 * @param principal the identity's object id
 */
export function assignmentCondition(
  principal: string,
  ownRoleIds: readonly string[],
  otherRoleIds: readonly string[],
): string {
  const [own, others] = [ownRoleIds.join(", "), otherRoleIds.join(", ")];
  const role = "[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals";
  const notItself = `@Request[Microsoft.Authorization/roleAssignments:PrincipalId] ForAnyOfAllValues:GuidNotEquals {${principal}}`;
  const write = `(!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})) OR (@Request${role} {${own}}) OR (@Request${role} {${others}} AND ${notItself})`;
  const remove = `(!(ActionMatches{'Microsoft.Authorization/roleAssignments/delete'})) OR (@Resource${role} {${own}, ${others}})`;
  return `(${write}) AND (${remove})`;
}
