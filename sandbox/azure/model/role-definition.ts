/** A custom or built-in role of Azure, with the actions of its one permission. */
export interface RoleDefinition {
  name: string;
  actions: string[];
  notActions?: string[];
  dataActions: string[];
}
