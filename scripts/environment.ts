import { exitOnEnvironmentError, loadEnvironment } from "../environments/load";

/**
 * `node scripts/run-bundled.cjs scripts/environment.ts NAME FIELD...`: fields of an environment that passed all checks, for shell
 * scripts: a line each of the field's path, such as `state.backend`, a tab and the value; of a list, a line an entry with the object
 * id and type in it. Nothing where a field is not set.
 */
export function main(): void {
  exitOnEnvironmentError(() => {
    const [name = "", ...paths] = process.argv.slice(2);
    const environment = loadEnvironment(name);
    for (const path of paths) {
      const value = path.split(".").reduce(fieldOf, environment as unknown);
      for (const entry of Array.isArray(value) ? value : [value]) {
        if (entry !== undefined) console.log(`${path}\t${text(entry)}`);
      }
    }
  });
}

function fieldOf(value: unknown, field: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[field] : undefined;
}

function text(value: unknown): string {
  return typeof value === "object"
    ? `${fieldOf(value, "objectId")}\t${fieldOf(value, "type")}`
    : String(value);
}
