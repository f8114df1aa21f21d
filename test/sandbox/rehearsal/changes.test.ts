import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadEnvironment } from "../../../environments/load";
import type { Environment } from "../../../environments/schema";
import type { SynthesizedStack } from "../../../lib/synthesized/synthesized-folder";
import { changes } from "../../../sandbox/rehearsal/changes";
import { withoutHash } from "../../../sandbox/rehearsal/expected-plan";
import { editEnvironment, prepareEnvironment } from "../../../sandbox/rehearsal/project-copy";
import type { Rehearsal } from "../../../sandbox/rehearsal/rehearsal";
import { readSystem } from "../../../scripts/deployment/system";

const edits = changes.filter(({ edit }) => edit);

/** The parts of a rehearsal that an edit reads. */
const rehearsal = {
  person: "00000000-0000-4000-8000-0000000000aa",
  otherVault: { version: "1.21.1" },
};

describe.each(["demo", "production"])(
  "A rehearsal of %s expects the new resources of the stacks:",
  (name) => {
    let folder: string;
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), "changes-test-"));
      mkdirSync(join(folder, "environments"));
      const file = `environments/${name}.json`;
      cpSync(join(__dirname, "../../..", file), join(folder, file));
      prepareEnvironment(folder, name, "1.21.0");
    });
    afterEach(() => rmSync(folder, { recursive: true }));
    const environment = () => loadEnvironment(name, join(folder, "environments"));

    it.each(edits.map((change) => [change.what, change] as const))("%s", (_, { edit, plan }) => {
      const before = new Set(resourcesOf(environment()));
      const asked = { ...rehearsal, environment: environment() } as Rehearsal;
      editEnvironment(folder, name, (file) => edit?.(file as never, asked));
      const stacks = Object.entries(plan(environment())).filter(([, actions]) => !("its plan" in actions));
      const planned = stacks.map(([stack]) => stack);
      // A stack that waits for another one has no plan yet.
      const added = resourcesOf(environment(), before).filter((one) =>
        planned.includes(one.split(": ")[0] ?? ""),
      );
      const expected = (wanted: string) =>
        stacks.flatMap(([stack, actions]) =>
          Object.entries(actions).flatMap(([address, action]) =>
            action === wanted && address !== "its outputs" ? [`${stack}: ${address}`] : [],
          ),
        );
      expect(added.sort()).toEqual(expected("added").sort());
      expect(resourcesOf(environment())).toEqual(expect.arrayContaining(expected("changed")));
    });
  },
);

/** Each change begins with the same two systems. */
const systems = new Map<string, SynthesizedStack[]>();

function systemOf(environment: Environment): SynthesizedStack[] {
  const key = JSON.stringify(environment);
  const system = systems.get(key) ?? readSystem(environment);
  systems.set(key, system);
  return system;
}

/** Returns the addresses of resources that did not exist before, even under another address. It leaves out vault-config, which waits for other stacks. */
function resourcesOf(environment: Environment, before: ReadonlySet<string> = new Set()): string[] {
  return systemOf(environment)
    .filter(({ name }) => name !== "vault-config")
    .flatMap(({ name, json }) => {
      const inStack = (address: unknown) => `${name}: ${withoutHash(String(address))}`;
      const earlier = new Map(json.moved?.map(({ from, to }) => [inStack(to), inStack(from)]));
      return Object.entries(json.resource).flatMap(([type, resources]) =>
        Object.keys(resources)
          .map((id) => inStack(`${type}.${id}`))
          .filter((address) => ![address, earlier.get(address) ?? ""].some((one) => before.has(one))),
      );
    });
}
