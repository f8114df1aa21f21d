/**
 * One step of the schema, never changed once it was deployed. Statements run one after the other, each such that running it
 * again does no harm: MySQL commits after each, so a step may be interrupted between them.
 */
export interface Migration {
  version: number;
  name: string;
  statements: readonly string[];
}
