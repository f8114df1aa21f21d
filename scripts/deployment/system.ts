import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Environment } from "../../environments/schema";
import { synthesize } from "../../main";
import { temporaryFolder } from "./temporary-folder";

const attributes = z.record(z.string(), z.unknown());

const stackJson = z.object({
  terraform: z.object({ backend: z.record(z.string(), attributes) }),
  output: z.record(z.string(), z.unknown()).default({}),
  resource: z.record(z.string(), z.record(z.string(), attributes)).default({}),
  provider: z.record(z.string(), z.array(attributes)).default({}),
});

const manifest = z.object({
  stacks: z.record(
    z.string(),
    z.object({ name: z.string(), dependencies: z.array(z.string()), synthesizedStackPath: z.string() }),
  ),
});

export interface Stack {
  readonly name: string;
  /** Names of the stacks that must be deployed before it. */
  readonly dependencies: readonly string[];
  readonly json: z.infer<typeof stackJson>;
}

/** The environment's stacks as they are synthesized, in the order in which they are deployed. */
export function readSystem(environment: Environment): Stack[] {
  const folder = temporaryFolder();
  try {
    const app = synthesize(environment, folder.path);
    const { stacks } = manifest.parse(JSON.parse(readFileSync(join(folder.path, "manifest.json"), "utf8")));
    return app.node.children.flatMap(({ node }) => {
      const stack = stacks[node.id];
      if (!stack) return [];
      const { name, dependencies, synthesizedStackPath } = stack;
      const text = readFileSync(join(folder.path, synthesizedStackPath), "utf8");
      return [{ name, dependencies, json: stackJson.parse(JSON.parse(text)) }];
    });
  } finally {
    folder.remove();
  }
}

/** A stack's resources of one type, as they are synthesized. */
export function resourcesOf({ json }: Stack, type: string): Record<string, unknown>[] {
  return Object.values(json.resource[type] ?? {});
}
