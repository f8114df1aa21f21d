import { rm } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { loadEnvironment } from "../../../environments/load";
import { UserError } from "../../../lib/processes/user-error";
import { type Backend, BackendFolder } from "../backend-folder";
import type { Interruption } from "../interruption";
import { readArgumentsOf, runScript, say } from "../run-script";
import { stackFolder } from "../stack-folder";
import { requirePrograms } from "./required-programs";
import { stateBackends } from "./state-places";

const help = `Usage: scripts/migrate-state ENVIRONMENT [--from local|local:FOLDER|RESOURCE-GROUP/ACCOUNT/CONTAINER]

Moves an environment's states, stack by stack, to the backend of its state block, with Terraform's own \`init -migrate-state\`.
The default is --from local. The old states stay. Remove them when you no longer need them.
A second run skips states that were moved already. It never overwrites a different state in the new backend.
`;

/** `scripts/migrate-state`. */
export async function main(): Promise<void> {
  await runScript(async (interruption) => {
    const { environment: name, values } = readArgumentsOf(help, {
      from: { type: "string", default: "local" },
    });
    await requirePrograms("terraform");
    const environment = loadEnvironment(name);
    const [before, after] = [stateBackends(environment, values.from), stateBackends(environment)];
    if (isDeepStrictEqual(before, after))
      throw new UserError(
        `environments/${name}.json already keeps its state there. Change its state block, or name the place of the states with --from.`,
      );
    for (const [stack, to] of after) {
      const from = before.get(stack);
      if (from) await new Move(stack, from, to, interruption).run();
      await forgetOldPlace(stack);
    }
    say("Done. Run `npx cdktf diff`: it must show no change. Then remove the states in the old place.");
  });
}

/** Terraform records where a state is and refuses to work if that changes. cdktf deploys in this folder. */
async function forgetOldPlace(stack: string): Promise<void> {
  await rm(join(stackFolder(stack), ".terraform/terraform.tfstate"), { force: true });
}

/** Identifies a state. Terraform gives each state a lineage, and each change of it a higher serial. */
const stateIdentity = z.object({
  lineage: z.string(),
  serial: z.number(),
  resources: z.array(z.unknown()).transform(({ length }) => length),
});

type StateIdentity = z.infer<typeof stateIdentity>;

/** The move of one stack's state. */
class Move {
  constructor(
    private readonly stack: string,
    private readonly from: Backend,
    private readonly to: Backend,
    private readonly interruption: Interruption,
  ) {}

  async run(): Promise<void> {
    const { stack } = this;
    const old = await this.read(this.from, "old");
    if (!old) {
      say(`${stack}: no state to move`);
      return;
    }
    const there = await this.read(this.to, "new");
    if (there) {
      this.refuseOther(old, there);
      say(`${stack}: already moved (${there.resources} resources)`);
      return;
    }
    await this.move();
    const moved = await this.read(this.to, "new");
    if (moved?.lineage !== old.lineage || moved.resources !== old.resources)
      throw new UserError(
        `${stack}: the new place holds ${moved ? inWords(moved) : "nothing"}, but the old state is ${inWords(old)}. The old state is unchanged. Compare both before you run this again.`,
      );
    say(`${stack}: moved ${moved.resources} resources`);
  }

  /** @throws {UserError} if the new place holds another state than the old place, or an older copy */
  private refuseOther(old: StateIdentity, there: StateIdentity): void {
    const { stack } = this;
    if (there.lineage !== old.lineage)
      throw new UserError(
        `${stack}: the new place holds another state (lineage ${there.lineage}, not ${old.lineage}). Move or remove the other state first.`,
      );
    if (there.serial < old.serial)
      throw new UserError(
        `${stack}: the new place holds an older copy (serial ${there.serial}, here ${old.serial}). Find out who deployed from where, then remove the stale state.`,
      );
  }

  /** Moves the state. Ctrl-C does not end this. */
  private async move(): Promise<void> {
    const { stack, interruption } = this;
    await this.inFolder("old", async (folder) => {
      await folder.open(this.from);
      interruption.check();
      interruption.waitingFor = `Terraform to finish the move of ${stack}`;
      await folder.moveTo(this.to).finally(() => {
        interruption.waitingFor = "";
      });
    });
    interruption.check();
  }

  /** The state in a backend. It only passes through a pipe. Undefined if the backend has none, or an empty one. */
  private read(backend: Backend, place: "old" | "new"): Promise<StateIdentity | undefined> {
    return this.inFolder(place, async (folder) => {
      await folder.open(backend);
      const text = await folder.terraform(["state", "pull"]);
      if (text.trim() === "") return undefined;
      const state = stateIdentity.parse(JSON.parse(text));
      return state.serial > 0 || state.resources > 0 ? state : undefined;
    });
  }

  private async inFolder<T>(place: "old" | "new", work: (folder: BackendFolder) => Promise<T>): Promise<T> {
    const folder = new BackendFolder(`${this.stack} in the ${place} place`, this.interruption.signal);
    try {
      return await work(folder);
    } finally {
      folder.remove();
    }
  }
}

function inWords({ lineage, serial, resources }: StateIdentity): string {
  return `${lineage}, serial ${serial}, with ${resources} resources`;
}
