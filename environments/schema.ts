import { z } from "zod";
import type { RestoreRequest } from "../cloud-init/vault-server/restore-request";
import { agentVms } from "./rules/agent-vms";
import { azureCloud, location } from "./rules/azure-cloud";
import { environmentName } from "./rules/azure-names";
import { databaseRoles } from "./rules/database-roles";
import { mysql } from "./rules/mysql";
import { network } from "./rules/network";
import { deployerLogin, deployers, recoveryKeyReaders } from "./rules/people";
import { state } from "./rules/state";
import { additionalSubscriptions } from "./rules/subscriptions";
import { tags, tagsFromPolicy } from "./rules/tags";
import { transitKeys } from "./rules/transit-keys";
import { vault } from "./rules/vault";
import { alerts, evidenceLocation, evidenceWorkspace, logRetentionDays } from "./rules/watching";
import { webAppPlan } from "./rules/web-app-plan";
import { webApps } from "./rules/web-apps";

/**
 * One environment: everything that differs between a demo and production. The schema checks it before any other work.
 * Descriptions appear in docs/environments.md and in editors that complete environments/*.json.
 */
export const environmentSchema = z.strictObject({
  $schema: z
    .string()
    .optional()
    .describe("`./schema.json`. It tells editors the fields, their meaning and their defaults."),
  name: environmentName.describe("The file's name. It is part of every resource's name."),
  azureCloud,
  location,
  tags,
  tagsFromPolicy,
  deployers,
  deployerLogin,
  recoveryKeyReaders,
  state,
  additionalSubscriptions,
  network,
  ubuntu: z
    .enum(["24.04", "26.04"], "is not an Ubuntu version for the VMs; write 24.04 or 26.04.")
    .default("24.04")
    .describe(
      "Ubuntu version of new VMs. Running VMs keep theirs. Nobody has tried 26.04: first create a VM with it in a separate environment.",
    ),
  vault,
  mysql,
  databaseRoles,
  transitKeys,
  webApps,
  webAppPlan,
  agentVms,
  logRetentionDays,
  evidenceWorkspace,
  evidenceLocation,
  alerts,
  protectData: z
    .boolean()
    .default(true)
    .describe(
      "Sets `prevent_destroy` on resources whose deletion loses data (Key Vaults, unseal key, data disk, snapshots, MySQL), and CanNotDelete locks on the data disk and MySQL. Azure then also refuses to change a snapshot.",
    ),
});

export type Environment = z.infer<typeof environmentSchema> & {
  /** The request of scripts/restore, for one deployment. It is in no file. */
  readonly restore?: RestoreRequest;
  /** True if scripts/deploy has the option --no-snapshot. It is in no file. */
  readonly upgradeWithoutSnapshot?: boolean;
};
