import { readFileSync } from "node:fs";
import { codeOf, UserError } from "../../lib/processes/user-error";
import { splitWords } from "./command-line";

export type Variables = Record<string, string>;

/** The assignments of Environment= lines. Each line may contain several. Source: systemd.exec(5). */
export function parseEnvironment(lines: readonly string[]): Variables {
  const variables: Variables = {};
  for (const word of lines.flatMap(splitWords)) {
    const [, name, value] = /^([A-Za-z_]\w*)=(.*)$/s.exec(word) ?? [];
    if (name === undefined || value === undefined) {
      throw new UserError(`Environment=${word} is not an assignment. Write NAME=value.`);
    }
    variables[name] = value;
  }
  return variables;
}

/**
 * The assignments in the file of EnvironmentFile=. Quotes work as in a shell, but nothing is expanded. The file may be missing if a
 * `-` precedes the path.
 *
 * @param pathOf gives the real path of a path on the VM
 * @throws UserError if the file is missing
 */
export function readEnvironmentFile(setting: string, pathOf: (absolute: string) => string): Variables {
  const optional = setting.startsWith("-");
  const path = pathOf(optional ? setting.slice(1) : setting);
  try {
    return parseEnvironmentFile(readFileSync(path, "utf8"));
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
    if (optional) return {};
    throw new UserError(`The unit's EnvironmentFile ${path} is missing.`);
  }
}

/** Source: systemd.exec(5), "EnvironmentFile=". */
export function parseEnvironmentFile(text: string): Variables {
  const variables: Variables = {};
  for (const line of text.replaceAll(/\\\r?\n/g, "").split(/\r?\n/)) {
    const [, name, value] = /^\s*([A-Za-z_]\w*)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) variables[name] = unquote(value);
  }
  return variables;
}

/** Single quotes keep everything. Double quotes keep everything but \" \\ \` \$. Outside of quotes, a backslash keeps one character. */
function unquote(value: string): string {
  const parts = value.matchAll(/'([^']*)'|"((?:\\.|[^"\\])*)"|\\(.)|./gs);
  return [...parts]
    .map(([other, single, double, escaped]) =>
      double === undefined ? (single ?? escaped ?? other) : double.replaceAll(/\\(["\\`$])/g, "$1"),
    )
    .join("");
}
