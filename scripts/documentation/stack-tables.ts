import type { SynthesizedStack } from "../../lib/synthesized/synthesized-folder";
import { markdownTable } from "../markdown-table";

/** The example environments' stacks, by the environment's name. */
export type Examples = ReadonlyMap<string, readonly SynthesizedStack[]>;

const purposes: Readonly<Record<string, string>> = {
  "vm-reader-role":
    "The custom roles. They have their own stack because only an owner or a user access administrator can create roles.",
  network:
    "The virtual network with a subnet, a security group and rules for each part, private DNS, and the way out.",
  "vault-server":
    "Vault's VMs with their identity, disks and address, and the Key Vaults for the unseal key, the certificate and the recovery keys.",
  mysql: "MySQL, and the administrator's first password in Key Vault, which Vault replaces.",
  "web-app": "The web apps on App Service, each with its own identity.",
  "agent-vm": "The VMs with Vault Agent and the application, and the store of the application's package.",
  "vault-config":
    "What Vault contains: the auth methods with a role for each workload, the policies, the database engine and the keys.",
};

/** One section for each stack: its purpose, what must be deployed before it, its resources and its outputs. */
export function stackSections(examples: Examples): string {
  const [first = []] = examples.values();
  return first.map(({ name }) => section(name, examples)).join("\n\n");
}

function section(name: string, examples: Examples): string {
  const stacks = [...examples].map(([environment, system]) => {
    const stack = system.find((one) => one.name === name);
    if (!stack) throw new Error(`The environment ${environment} has no stack ${name}.`);
    return stack;
  });
  const purpose = purposes[name];
  if (purpose === undefined)
    throw new Error(`Write the purpose of the stack ${name} in scripts/documentation/stack-tables.ts.`);
  const needed = [...new Set(stacks.flatMap(({ dependencies }) => dependencies))];
  return [
    `## ${name}`,
    purpose,
    needed.length > 0
      ? `Needs: ${needed.map((one) => `[${one}](#${one})`).join(", ")}.`
      : "Needs no other stack.",
    markdownTable(["Resource", ...examples.keys()], resourceRows(stacks)),
    markdownTable(["Output", "What it is"], outputRows(stacks)),
  ].join("\n\n");
}

/** Each type of resource, and how many of it each environment has. */
function resourceRows(stacks: readonly SynthesizedStack[]): string[][] {
  const types = [...new Set(stacks.flatMap(({ json }) => Object.keys(json.resource)))].sort();
  return types.map((type) => [
    `\`${type}\``,
    ...stacks.map(({ json }) => String(Object.keys(json.resource[type] ?? {}).length || "")),
  ]);
}

/** Returns the outputs for people. cdktf adds outputs with which stacks read each other. */
function outputRows(stacks: readonly SynthesizedStack[]): string[][] {
  const outputs = new Map(
    stacks.flatMap(({ json }) =>
      Object.entries(json.output)
        .filter(([name]) => !name.startsWith("cross-stack-output-"))
        .map(([name, { description }]) => {
          if (!description) throw new Error(`The output ${name} has no description. Add it in its stack.`);
          return [name, String(description)];
        }),
    ),
  );
  return [...outputs].map(([name, description]) => [`\`${name}\``, description]);
}
