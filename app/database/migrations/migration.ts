/**
 * One step of the schema. Never change it after a deployment. MySQL commits after each statement, so an interruption can
 * come between two statements. Therefore each statement must be safe to run again.
 */
export interface Migration {
  version: number;
  name: string;
  statements: readonly string[];
}
