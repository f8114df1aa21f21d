import { exitOnEnvironmentError } from "../environments/exit-on-environment-error";
import { loadEnvironment } from "../environments/load";

/**
 * `node scripts/run-bundled.cjs scripts/environment.ts NAME FIELD...`: prints fields of an environment that passed all checks, for
 * shell scripts. A value is one line: the field's path (such as `state.backend`), a tab, the value. A list is one line for each
 * entry, with its object id and type. A field that is not set prints nothing.
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
