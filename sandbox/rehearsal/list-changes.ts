import { isDeepStrictEqual } from "node:util";
import type { Progress } from "../../lib/processes/progress";
import { UserError } from "../../lib/processes/user-error";
import { newcomer, newReader, subscriptionId } from "./empty-azure";
import { type DeploymentPlan, onlyOutputs } from "./expected-plan";
import type { EnvironmentFile } from "./project-copy";
import type { Rehearsal } from "./rehearsal";

/** Of what comes with the new entries. */
const later = "later";

const subnet = (name: string) => ({
  name,
  id: `/subscriptions/${subscriptionId}/resourceGroups/rg-runners/providers/Microsoft.Network/virtualNetworks/vnet-runners/subnets/${name}`,
});

/** Two entries more at the beginning of each list of the environment: whatever goes by an entry's place moves. */
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

/** What was first, and is last since the lists were reversed. */
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

/** Each list of an environment that runs grows at its beginning, is reversed, and shrinks. */
export async function changeLists(rehearsal: Rehearsal, progress: Progress): Promise<void> {
  const step = (what: string, work: () => Promise<void>) => progress.step(what, work, { announce: true });
  // Whoever is signed in can be meant only where nobody else is.
  rehearsal.edit(({ deployers }) => {
    for (const one of deployers) if (one.objectId === "signed-in-user") one.objectId = rehearsal.person;
  });
  await step("scripts/deploy", () => rehearsal.deploy());
  await rehearsal.smokeTest();
  let came: string[] = [];
  rehearsal.edit((file) => addFirst(file, rehearsal));
  await step("each list has new first entries: nothing of what stays is replaced or goes", async () => {
    const plan = await rehearsal.plan();
    came = only("added", plan);
  });
  await step("each list has new first entries: scripts/deploy", () => rehearsal.deploy());
  await rehearsal.smokeTest();
  await step("each list has new first entries: nothing more to change", () => rehearsal.expectPlan({}));
  rehearsal.edit(reverse);
  // Of several web apps, the output webapp_url is the first one's.
  await step("each list the other way round: no resource changes", () =>
    rehearsal.expectPlan({ "web-app": onlyOutputs }),
  );
  rehearsal.edit(removeAdded);
  await step("each list without the new entries: what came goes, and nothing else", async () => {
    const goes = only("destroyed", await rehearsal.plan());
    if (!isDeepStrictEqual(goes, came))
      throw new UserError(`What came is\n${came.join("\n")}\nand what goes is\n${goes.join("\n")}`);
  });
  await step("each list without the new entries: scripts/deploy", () => rehearsal.deploy());
  await rehearsal.smokeTest();
  await step("each list without the new entries: nothing more to change", () => rehearsal.expectPlan({}));
}

/**
 * Addresses to which it happens, in order, apart from those of vault-config, which cannot be planned before there is something to
 * log in to.
 * @throws UserError when anything else happens but a change in place
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
