import { z } from "zod";
import type { VaultClient } from "../../lib/vault-api/vault-client";

/** Source: Vault's API, sys/storage/raft/autopilot/state. */
const autopilotState = z.object({
  leader: z.string(),
  servers: z.record(
    z.string(),
    z.object({
      healthy: z.boolean(),
      status: z.string(),
      node_status: z.string(),
      last_contact: z.string(),
      last_index: z.number(),
      version: z.string(),
    }),
  ),
});

/** The state of the nodes in Raft's autopilot, by name. */
export type AutopilotState = z.infer<typeof autopilotState>;

/** @param client a client with a deployer's login */
export async function readAutopilotState(client: VaultClient): Promise<AutopilotState> {
  return autopilotState.parse(
    await client.request({ method: "GET", path: "sys/storage/raft/autopilot/state" }),
  );
}
