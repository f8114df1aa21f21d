import { isDeepStrictEqual } from "node:util";
import type { Progress } from "../../lib/processes/progress";
import { UserError } from "../../lib/processes/user-error";
import { newcomer, newReader, subscriptionId } from "./empty-azure";
import { type DeploymentPlan, onlyOutputs } from "./expected-plan";
import type { EnvironmentFile } from "./project-copy";
import type { Rehearsal } from "./rehearsal";

/** A part of all new entries' names. */
const later = "later";

const subnet = (name: string) => ({
  name,
  id: `/subscriptions/${subscriptionId}/resourceGroups/rg-runners/providers/Microsoft.Network/virtualNetworks/vnet-runners/subnets/${name}`,
});

/** Adds two entries at the beginning of each list. Everything that depends on an entry's position changes. */
function addFirst(file: EnvironmentFile, { environment }: Rehearsal): void {
  const { network, webApps, agentVms, recoveryKeyReaders } = environment;
  const [webApp] = webApps;
  const [agentVm] = agentVms;
  if (!webApp || !agentVm) throw new UserError("The environment has no workloads to copy.");
  const type = "User";
  file.deployers = [{ ...newcomer, type }, ...environment.deployers];
  file.recoveryKeyReaders = [{ ...newReader, type }, ...recoveryKeyReaders];
  file.webApps = [{ ...webApp, name: `${later}-app` }, ...webApps];
  file.agentVms = [{ ...agentVm, name: `${later}-vm` }, ...agentVms];
  file.network = {
    ...file.network,
    deployerRanges: [{ name: later, cidr: "9.9.7.0/24" }, ...network.deployerRanges],
    deployerSubnets: [subnet("first"), subnet("second"), ...network.deployerSubnets],
    clientRanges: [
      { name: `${later}-1`, cidr: "9.9.5.0/24" },
      { name: `${later}-2`, cidr: "9.9.6.0/24" },
      ...network.clientRanges,
    ],
  };
}

function reverse(file: EnvironmentFile): void {
  for (const list of [file.deployers, file.recoveryKeyReaders, file.webApps, file.agentVms]) list?.reverse();
  const { deployerRanges, deployerSubnets, clientRanges } = file.network;
  for (const list of [deployerRanges, deployerSubnets, clientRanges]) list?.reverse();
}

/** Removes the added entries. They are last after the lists were reversed. */
function removeAdded(file: EnvironmentFile): void {
  const stays = ({ name }: { name: string }) => !name.startsWith(later);
  file.deployers = file.deployers.filter(({ objectId }) => objectId !== newcomer.objectId);
  file.recoveryKeyReaders = file.recoveryKeyReaders?.filter(
    ({ objectId }) => objectId !== newReader.objectId,
  );
  file.webApps = file.webApps.filter(stays);
  file.agentVms = file.agentVms.filter(stays);
  const { network } = file;
  file.network = {
    ...network,
    deployerRanges: network.deployerRanges.filter(stays),
    deployerSubnets: [],
    clientRanges: network.clientRanges.filter(stays),
  };
}

/** Adds entries at the beginning of each list of a deployed environment, reverses the lists, and removes the entries. */
export async function changeLists(rehearsal: Rehearsal, progress: Progress): Promise<void> {
  const step = (what: string, work: () => Promise<void>) => progress.longStep(what, work);
  // "signed-in-user" is allowed only as the one deployer.
  rehearsal.edit(({ deployers }) => {
    for (const each of deployers) if (each.objectId === "signed-in-user") each.objectId = rehearsal.person;
  });
  await step("scripts/deploy", () => rehearsal.deploy());
  await rehearsal.smokeTest();
  let came: string[] = [];
  rehearsal.edit((file) => addFirst(file, rehearsal));
  await step("each list has new first entries: existing resources stay", async () => {
    const plan = await rehearsal.plan();
    came = only("added", plan);
  });
  await step("each list has new first entries: scripts/deploy", () => rehearsal.deploy());
  await rehearsal.smokeTest();
  await step("each list has new first entries: nothing more to change", () => rehearsal.expectPlan({}));
  rehearsal.edit(reverse);
  // The output webapp_url belongs to the first web app.
  await step("each list reversed: no resource changes", () =>
    rehearsal.expectPlan({ "web-app": onlyOutputs }),
  );
  rehearsal.edit(removeAdded);
  await step("each list without the new entries: only their resources are destroyed", async () => {
    const goes = only("destroyed", await rehearsal.plan());
    if (!isDeepStrictEqual(goes, came))
      throw new UserError(`The plan created\n${came.join("\n")}\nand destroys\n${goes.join("\n")}`);
  });
  await step("each list without the new entries: scripts/deploy", () => rehearsal.deploy());
  await rehearsal.smokeTest();
  await step("each list without the new entries: nothing more to change", () => rehearsal.expectPlan({}));
}

/**
 * Addresses of the resources with this action, sorted. It ignores vault-config, which cannot be planned while no Vault runs.
 * @throws UserError if the plan has other changes, except changes in place
 */
function only(action: "added" | "destroyed", { stacks }: DeploymentPlan): string[] {
  const changes = stacks.flatMap((planned) =>
    "changes" in planned
      ? Object.entries(planned.changes).map(([address, what]) => ({
          at: `${planned.stack}: ${address}`,
          what,
        }))
      : [],
  );
  const others = changes.filter(({ what }) => what !== action && what !== "changed");
  if (others.length > 0) throw new UserError(others.map(({ at, what }) => `${at} is ${what}.`).join("\n"));
  return changes
    .filter(({ at, what }) => what === action && !at.startsWith("vault-config: "))
    .map(({ at }) => at)
    .sort();
}
