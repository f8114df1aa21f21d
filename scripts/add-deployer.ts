import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exitOnEnvironmentError } from "../environments/exit-on-environment-error";
import { loadEnvironment } from "../environments/load";

const folder = join(__dirname, "../environments");

/**
 * `node scripts/run-bundled.cjs scripts/add-deployer.ts ENVIRONMENT OBJECT-ID NAME`: adds a service principal to the deployers in an
 * environment's file if it is missing there. The rest of the file stays as it is.
 */
export function main(): void {
  exitOnEnvironmentError(() => {
    const [environment = "", objectId = "", name = ""] = process.argv.slice(2);
    if (loadEnvironment(environment).deployers.some((deployer) => deployer.objectId === objectId)) {
      console.error(`${objectId} is already a deployer in environments/${environment}.json.`);
      return;
    }
    const file = join(folder, `${environment}.json`);
    const text = withDeployer(readFileSync(file, "utf8"), { name, objectId, type: "ServicePrincipal" });
    check(environment, text);
    writeFileSync(file, text);
    console.error(`Added ${objectId} to the deployers in environments/${environment}.json.`);
  });
}

/** The list, up to its closing bracket. Strings in the list may contain brackets. */
const list = /("deployers"\s*:\s*\[)((?:[^\]"]|"(?:[^"\\]|\\.)*")*)\]/;

function withDeployer(text: string, deployer: object): string {
  const entries = Object.entries(deployer).map(([key, value]) => `"${key}": ${JSON.stringify(value)}`);
  const line = `{ ${entries.join(", ")} }`;
  // A list that is too long for one line has one entry a line, as the formatter writes it.
  const entry = line.length > 105 ? `{\n      ${entries.join(",\n      ")}\n    }` : line;
  return text.replace(
    list,
    (_, start: string, inner: string) => `${start}\n    ${inner.trim()},\n    ${entry}\n  ]`,
  );
}

/** @throws EnvironmentError if the file were wrong with this text */
function check(environment: string, text: string): void {
  const trial = mkdtempSync(join(tmpdir(), "environment-"));
  try {
    copyFileSync(join(folder, "schema.json"), join(trial, "schema.json"));
    writeFileSync(join(trial, `${environment}.json`), text);
    loadEnvironment(environment, trial);
  } finally {
    rmSync(trial, { recursive: true, force: true });
  }
}
