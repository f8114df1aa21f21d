import type { Problem } from "./problem";
import { reader } from "./read";
import { rulesAcrossSubjects } from "./rules/across-subjects";
import { agentVmRules } from "./rules/agent-vms";
import { azureCloudRules } from "./rules/azure-cloud";
import { databaseRoleRules } from "./rules/database-roles";
import { mysqlRules } from "./rules/mysql";
import { networkRules } from "./rules/network";
import { networkAccessRules } from "./rules/network-access";
import { peopleRules } from "./rules/people";
import { subscriptionRules } from "./rules/subscriptions";
import { tagRules } from "./rules/tags";
import { transitKeyRules } from "./rules/transit-keys";
import { vaultRules } from "./rules/vault";
import { watchingRules } from "./rules/watching";
import { webAppPlanRules } from "./rules/web-app-plan";
import { webAppRules } from "./rules/web-apps";

/** Checks relations between fields, which the schema cannot express. Reports every problem at once. */
export function checkRules(input: unknown): Problem[] {
  const read = reader(input);
  return [
    azureCloudRules,
    tagRules,
    peopleRules,
    subscriptionRules,
    networkRules,
    networkAccessRules,
    vaultRules,
    mysqlRules,
    databaseRoleRules,
    transitKeyRules,
    webAppRules,
    webAppPlanRules,
    agentVmRules,
    watchingRules,
    rulesAcrossSubjects,
  ].flatMap((rules) => rules(read));
}
