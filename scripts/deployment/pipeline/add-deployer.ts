import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadEnvironment } from "../../../environments/load";
import type { Say } from "./azure-setup";

/**
 * Adds a service principal to the deployers in an environment's file if it is missing there. The rest of the file stays as it is.
 * @param folder the folder of the environments
 * @throws EnvironmentError if the file would be wrong with this deployer
 */
export function addDeployer(
  environment: string,
  { objectId, name }: { readonly objectId: string; readonly name: string },
  folder: string,
  say: Say,
): void {
  if (loadEnvironment(environment, folder).deployers.some((deployer) => deployer.objectId === objectId)) {
    say(`${objectId} is already a deployer in environments/${environment}.json.`);
    return;
  }
  const file = join(folder, `${environment}.json`);
  const text = withDeployer(readFileSync(file, "utf8"), { name, objectId, type: "ServicePrincipal" });
  check(environment, text, folder);
  writeFileSync(file, text);
  say(`Added ${objectId} to the deployers in environments/${environment}.json.`);
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

/** @throws EnvironmentError if the file would be wrong with this text */
function check(environment: string, text: string, folder: string): void {
  const trial = mkdtempSync(join(tmpdir(), "environment-"));
  try {
    copyFileSync(join(folder, "schema.json"), join(trial, "schema.json"));
    writeFileSync(join(trial, `${environment}.json`), text);
    loadEnvironment(environment, trial);
  } finally {
    rmSync(trial, { recursive: true, force: true });
  }
}
