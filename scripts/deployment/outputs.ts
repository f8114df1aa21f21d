import type { StackState } from "./stack-state";

/** The most important outputs. */
const first = ["vault_https_addr", "vault_ssh_addr", "webapp_url"];

/** Returns the outputs of all stacks for people, the most important first. */
export function allOutputs(states: ReadonlyMap<string, StackState>): Record<string, unknown> {
  const outputs = Object.assign({}, ...[...states.values()].map((state) => state.outputs)) as Record<
    string,
    unknown
  >;
  const wanted = first.filter((name) => name in outputs);
  const rest = Object.keys(outputs).filter((name) => !wanted.includes(name));
  return Object.fromEntries([...wanted, ...rest].map((name) => [name, outputs[name]]));
}

/** Returns a line `name = value` for each output. */
export function outputLines(outputs: Record<string, unknown>): string {
  return Object.entries(outputs)
    .map(([name, value]) => `${name} = ${typeof value === "string" ? value : JSON.stringify(value)}\n`)
    .join("");
}
