/**
 * One step of the schema. Never change it after a deployment. MySQL commits after each statement, so an interruption can
 * come between two statements. Therefore each statement must be safe to run again.
 */
export interface Migration {
  version: number;
  name: string;
  statements: readonly string[];
}

/**
 * Makes the statements of a change that MySQL would reject a second time, because it has no `IF NOT EXISTS` for columns and keys.
 * @param variable a name for the statement on the server
 * @param existing rows of information_schema that exist after the change: the table, and a condition on `customers`
 * @param change one statement
 */
export function unlessDone(
  variable: string,
  existing: { readonly view: "COLUMNS" | "STATISTICS"; readonly condition: string },
  change: string,
): string[] {
  return [
    `SET @${variable} = IF(
      (SELECT COUNT(*) FROM information_schema.${existing.view}
       WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'customers' AND ${existing.condition}) = 0,
      '${change.replaceAll("'", "''")}',
      'DO 0')`,
    `PREPARE ${variable} FROM @${variable}`,
    `EXECUTE ${variable}`,
    `DEALLOCATE PREPARE ${variable}`,
  ];
}
