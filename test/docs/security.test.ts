import { readFileSync } from "node:fs";
import { join } from "node:path";
import { harmfulActs } from "../../sandbox/rehearsal/traces";
import { environments, systems } from "../properties/environments";
import { reviewedTypes } from "../properties/reviewed-types";
import { allowedRights, allows, granted } from "../properties/rights";
import { asObject, type SynthesizedStack } from "../synthesis";

const page = readFileSync(join(__dirname, "../../docs/security.md"), "utf8");

/** Rows of the table with these column heads, without the head and the rule. */
function table(...heads: string[]): string[][] {
  const lines = page.split("\n");
  const start = lines.indexOf(`| ${heads.join(" | ")} |`);
  if (start < 0) throw new Error(`docs/security.md has no table ${heads.join(" | ")}`);
  const rows = lines.slice(start + 2);
  const end = rows.findIndex((line) => !line.startsWith("|"));
  return rows.slice(0, end).map((line) =>
    line
      .slice(1, -1)
      .split("|")
      .map((cell) => cell.trim()),
  );
}

const rights = table("Role", "To whom", "On what", "Why");
const credentials = table("Resource type", "Credential", "Why it is useless");
const customRoles = table("Custom role", "Actions");

describe("docs/security.md", () => {
  it.each([...environments])("has a row for each role assignment of %s", (name, environment) => {
    const stacks: ReadonlyMap<string, SynthesizedStack> = systems.get(name) ?? new Map();
    const missing = [...stacks.values()].flatMap((stack) =>
      stack
        .resources("azurerm_role_assignment")
        .map((assignment) => granted(environment, stacks, stack, assignment))
        .filter((assignment) => {
          const right = allowedRights.find((one) => allows(one, assignment));
          return !rights.some(
            ([role, to, on]) => role === right?.role && to === right?.to && on === right?.on,
          );
        }),
    );
    expect(missing).toEqual([]);
  });

  it("has no row for a right that nobody has, and gives a reason for each right", () => {
    const known = allowedRights.map(({ role, to, on }) => [role, to, on].join());
    expect(rights.map(([role, to, on]) => [role, to, on].join()).sort()).toEqual(known.sort());
    expect(rights.filter(([, , , why]) => !why)).toEqual([]);
  });

  it("lists each credential that a provider would put into the state, and why it is useless", () => {
    const known = Object.entries(reviewedTypes).flatMap(([type, { credential }]) =>
      credential ? [[`\`${type}\``, credential.what]] : [],
    );
    expect(credentials.map(([type, what]) => [type, what])).toEqual(known);
    expect(credentials.filter(([, , why]) => !why)).toEqual([]);
  });

  it("says how each thing that a deployer can do shows, in the words of traces.ts", () => {
    const said = table("Way", "How it shows", "Against it").map(([what, shows = ""]) => ({
      what,
      shows: Object.fromEntries(
        shows.split("; ").map((log) => {
          const [name = "", traces = ""] = log.split(": ");
          return [name, [...traces.matchAll(/`([^`]+)`/g)].map(([, trace]) => trace)];
        }),
      ),
    }));
    expect(said).toEqual(harmfulActs.map(({ what, shows }) => ({ what, shows })));
  });

  it("lists the custom roles' actions", () => {
    const definitions =
      systems.get("demo")?.get("vm-reader-role")?.resources("azurerm_role_definition") ?? [];
    const actions = definitions.map((definition) => {
      const [permission] = (definition.get("permissions") as unknown[]).map(asObject);
      const all = [permission?.["actions"] ?? [], permission?.["data_actions"] ?? []].flat();
      return [
        String(definition.get("name")).replace(" (demo)", ""),
        all.map((one) => `\`${one}\``).join(", "),
      ];
    });
    expect(customRoles.sort()).toEqual(actions.sort());
  });
});
