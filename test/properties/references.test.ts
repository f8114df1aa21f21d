import { asObject } from "../synthesis";
import { everyStack, systems } from "./environments";
import { crossStackReference, exists, references, referencesOf } from "./references";

describe("references", () => {
  it.each(everyStack)("%s, %s: each names an element that exists", (_environment, _name, stack) => {
    const found = referencesOf(stack);
    expect(found.filter(({ value }) => !exists(stack, value))).toEqual([]);
  });

  it.each(everyStack)(
    "%s, %s: each output of another stack comes from an earlier one",
    (environment, name, stack) => {
      const stacks = systems.get(environment) ?? new Map();
      const earlier = [...stacks.keys()].slice(0, [...stacks.keys()].indexOf(name));
      const missing = referencesOf(stack)
        .map(({ value }) => crossStackReference(value))
        .filter((reference) => reference !== undefined)
        .filter(({ stack, output }) => !earlier.includes(stack) || !stacks.get(stack)?.outputs.has(output));
      expect(missing).toEqual([]);
    },
  );

  it.each(everyStack)(
    "%s, %s: another stack's state is read from that stack's own place",
    (environment, _, stack) => {
      for (const state of stack.data("terraform_remote_state")) {
        const producer = state.id.replace("cross-stack-reference-input-", "");
        const backends = asObject(
          asObject(systems.get(environment)?.get(producer)?.json["terraform"])["backend"],
        );
        expect(backends).toEqual({ [String(state.get("backend"))]: state.get("config") });
      }
    },
  );

  it("are found: every stack with needs refers to another", () => {
    const referring = everyStack.filter(([, , stack]) =>
      referencesOf(stack).some(({ value }) => crossStackReference(value)),
    );
    expect(new Set(referring.map(([, name]) => name))).toEqual(
      new Set(["vault-server", "mysql", "web-app", "agent-vm", "vault-config"]),
    );
  });

  it("are distinguished from plain text and from text in quotes", () => {
    expect(references('a $${b.c} ${join("}", [c.d.e])} ${f.g.h}')).toEqual(["c.d.e", "f.g.h"]);
    expect(references('${join("x.y.z", [a-b.c_d.e[0].f, local.g-h])}')).toEqual([
      "a-b.c_d.e[0].f",
      "local.g-h",
    ]);
  });
});
