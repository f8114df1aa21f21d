import { z } from "zod";
import type { SynthesizedStack } from "../../../lib/synthesized/synthesized-folder";
import { stackCommand } from "../stack-command";
import type { Check, CheckContext } from "./check";

const blobs = z.array(
  z.object({
    name: z.string(),
    properties: z.object({ lease: z.object({ state: z.string().nullish() }).nullish() }),
    metadata: z.record(z.string(), z.string()).nullish(),
  }),
);

/** Terraform writes this beside a lock, in base64. Source: Terraform, backend azurerm. */
const lockInfo = z.object({ ID: z.string(), Who: z.string(), Created: z.string() });

/** A lock on a stack's state. */
export interface StateLock extends z.infer<typeof lockInfo> {
  readonly stack: SynthesizedStack;
}

/** Locks on states in a storage account: another run is active, or a run was killed. */
export async function stateLocks({
  az,
  environment: { name, state },
  stacks,
}: Pick<CheckContext, "az" | "environment" | "stacks">): Promise<StateLock[]> {
  if (state.backend !== "azurerm") return [];
  const place = ["--account-name", state.storageAccount, "--container-name", state.container];
  const found = await az.json(
    blobs,
    ...["storage", "blob", "list", ...place, "--prefix", `${name}/`],
    ...["--include", "m", "--auth-mode", "login"],
  );
  return found.flatMap((blob) => {
    const stack = stacks.find((one) => blob.name === `${name}/${one.name}.tfstate`);
    if (!stack || blob.properties.lease?.state !== "leased") return [];
    return [{ stack, ...readLock(blob.metadata?.["terraformlockid"]) }];
  });
}

/** Names each lock, and how to release it. */
export const checkStateLocks: Check = async (context) =>
  (await stateLocks(context)).map(
    ({ stack, ID, Who, Created }) =>
      `The state of ${stack.name} is locked by ${Who} since ${Created}. Wait for that run. If it is over, release the lock with \`${stackCommand(context.environment.name, stack.name, `force-unlock ${ID}`)}\` (in the pipeline: \`gh workflow run main.yml -f break_lock=${ID}\`).`,
  );

function readLock(text: string | undefined): z.infer<typeof lockInfo> {
  try {
    return lockInfo.parse(JSON.parse(Buffer.from(text ?? "", "base64").toString()));
  } catch {
    return { ID: "<ID>", Who: "somebody", Created: "an unknown time" };
  }
}
