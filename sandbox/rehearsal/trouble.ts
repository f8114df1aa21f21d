import { setTimeout as pause } from "node:timers/promises";
import type { Progress } from "../../lib/processes/progress";
import { messageOf, UserError } from "../../lib/processes/user-error";
import type { Azure } from "../azure/azure";
import { azureLifetimes } from "../azure/identity/token-issuer";
import type { FaultAnswer, InjectedFault } from "../azure/server/faults";
import type { AzureRequest } from "../azure/server/service";
import { numbersOf } from "./numbers";
import type { Rehearsal } from "./rehearsal";

/** Whatever happens, so many runs of the same command must be enough. */
const mostRuns = 12;

/** How often the scripts are killed. */
const kills = 20;

/** Milliseconds until a role assignment works: two minutes on Azure, made shorter here. */
const rightsTakeMs = 10_000;

/** Seconds that a person's token lasts: an hour and more on Azure. The preflight wants 300. */
const tokenSeconds = 330;

/** What Azure Resource Manager answers once instead of what it should, by kind of trouble. */
const nuisances: Readonly<Record<string, FaultAnswer>> = {
  // For requests that change something only. A run ends with it, unlike with the others.
  "a conflict": { status: 409, code: "AnotherOperationInProgress" },
  "too many requests": { status: 429, retryAfter: 1 },
  "an error of Azure's own": { status: 500 },
  "a late answer": { delayMs: 2_000 },
};

/** How many of the requests that change something meet a conflict. */
const conflicts = 1 / 12;

interface Scene {
  rehearsal: Rehearsal;
  progress: Progress;
  random: () => number;
}

/**
 * Deploys and destroys while things go wrong; after each trouble the same command must end well.
 * @param seed draws which request meets which trouble, and when the scripts are killed
 */
export const bearTrouble =
  (seed: number) =>
  async (rehearsal: Rehearsal, progress: Progress): Promise<void> => {
    progress.line(`The seed is ${seed}; --seed ${seed} draws the same moments again.`);
    const scene = { rehearsal, progress, random: numbersOf(seed) };
    await bearNuisances(scene);
    await bearShortages(scene);
    await bearForgottenLogin(scene);
    await bearKills(scene);
    await progress.step("second plan: nothing to change", () => rehearsal.expectPlan({}), { announce: true });
  };

/** Each request to Azure Resource Manager is in trouble the first time. */
export async function bearNuisances(scene: Scene): Promise<void> {
  const { rehearsal, progress, random } = scene;
  const nuisance = annoy(rehearsal.azure, random);
  await untilWell("scripts/deploy, each request to Azure once in trouble", scene, () => rehearsal.deploy());
  await rehearsal.smokeTest();
  await untilWell("scripts/destroy, likewise", scene, () => rehearsal.destroy());
  progress.line(nuisance.report());
  nuisance.remove();
}

/** Rights come late, tokens are short, one has expired, and there is no room for the first VM. */
export async function bearShortages(scene: Scene): Promise<void> {
  const { rehearsal } = scene;
  const { azure } = rehearsal;
  const once = [
    refuseOnce(azure, "Microsoft.Compute/virtualMachines", { status: 409, code: "AllocationFailed" }),
    refuseOnce(azure, "Microsoft.Network/virtualNetworks", {
      status: 401,
      code: "ExpiredAuthenticationToken",
    }),
  ];
  azure.accessControl.assignmentsTakeMs = rightsTakeMs;
  azure.tokenLifetimes.person = tokenSeconds;
  await untilWell(
    "scripts/deploy, with late rights, short tokens, one expired, and no room for the first VM",
    scene,
    () => rehearsal.deploy(),
  );
  if (once.some(({ hits }) => hits === 0))
    throw new UserError("Azure had no reason to refuse a VM or a token, although it was to.");
  for (const fault of once) fault.remove();
  azure.accessControl.assignmentsTakeMs = 0;
  await rehearsal.smokeTest();
}

/** The person has to sign in again. */
export async function bearForgottenLogin({ rehearsal, progress }: Scene): Promise<void> {
  const { azure } = rehearsal;
  azure.tokenLifetimes.person = tokenSeconds;
  // So that no token that the Azure CLI has kept lasts as long as it asks for.
  await rehearsal.logIn();
  azure.forgetLogins();
  const plan = () => expectLoginAskedFor(rehearsal);
  await progress.step("scripts/deploy --plan, which needs a new login", plan, { announce: true });
  azure.tokenLifetimes.person = azureLifetimes.person;
  await rehearsal.logIn();
}

/** kill -9 of the scripts and of all that they started, of each five times, then to its end, and all of it again. */
export async function bearKills(scene: Scene): Promise<void> {
  const { rehearsal, progress, random } = scene;
  const commands: [string, () => Promise<void>, longestMs: number][] = [
    ["scripts/destroy", () => rehearsal.destroy(), 40_000],
    ["scripts/deploy", () => rehearsal.deploy(), 60_000],
  ];
  for (let killed = 0; killed < kills; ) {
    for (const [what, command, longestMs] of commands) {
      for (let round = 0; round < kills / 4 && killed < kills; round++, killed++) {
        const after = Math.round(random() * longestMs);
        await progress.step(
          `${what}, killed after ${after / 1000} s`,
          () => killedAfter(after, command, rehearsal, progress),
          { announce: true },
        );
      }
      await untilWell(`${what}, the same again`, scene, command);
    }
    await rehearsal.smokeTest();
  }
}

const untilWell = (what: string, { progress }: Scene, command: () => Promise<void>): Promise<void> =>
  progress.step(what, () => againUntilWell(what, command, progress), { announce: true });

/** @throws UserError when it does not end well in the end, or a message is only a provider's */
async function againUntilWell(what: string, command: () => Promise<void>, progress: Progress): Promise<void> {
  for (let run = 1; run <= mostRuns; run++) {
    try {
      await command();
      progress.line(`  run ${run} ended well`);
      return;
    } catch (error) {
      const message = messageOf(error);
      progress.line(`  run ${run}: ${message}`);
      checkWords(message);
    }
  }
  throw new UserError(`${what} did not end well in ${mostRuns} runs.`);
}

/** @throws UserError when what the scripts say is nothing but what a program below them said */
function checkWords(message: string): void {
  if (/Terraform failed with|`az [^`]*` failed/.test(message))
    throw new UserError(`The scripts say no more of this than the program below them: ${message}`);
}

/** What ends before its time or fails is no matter: the same command comes again. */
async function killedAfter(
  milliseconds: number,
  command: () => Promise<void>,
  rehearsal: Rehearsal,
  progress: Progress,
): Promise<void> {
  const over = new AbortController();
  const running = command().then(
    () => progress.line("  it was over before"),
    (error: unknown) => {
      const message = messageOf(error);
      if (!over.signal.aborted) {
        progress.line(`  it failed before: ${message}`);
        checkWords(message);
      }
    },
  );
  await Promise.race([running, pause(milliseconds)]);
  over.abort();
  await rehearsal.killScript();
  await running;
}

/** Each request of the deployer to Azure Resource Manager is in trouble the first time. */
function annoy(azure: Azure, random: () => number): { report: () => string; remove: () => void } {
  const chosen = new Map<string, string>();
  const kinds = Object.keys(nuisances);
  const changes = /^(?:PUT|PATCH|POST|DELETE)$/;
  const kindOf = ({ method, path }: AzureRequest): string | undefined => {
    const key = `${method} ${path}`;
    if (chosen.has(key) || path.includes("/operationStatuses/")) return undefined;
    const [conflict, ...others] = kinds;
    if (changes.test(method) && random() < conflicts) return conflict;
    return others[Math.floor(random() * others.length)];
  };
  let next: { request: AzureRequest; kind: string | undefined } | undefined;
  const injected = kinds.map((kind, index): [string, InjectedFault] => [
    kind,
    azure.faults.add({
      when: (request) => {
        if (request.host !== "management.azure.com" || request.caller !== "elsewhere") return false;
        if (index === 0 || next?.request !== request) next = { request, kind: kindOf(request) };
        if (next.kind !== kind) return false;
        chosen.set(`${request.method} ${request.path}`, kind);
        return true;
      },
      answer: nuisances[kind] as FaultAnswer,
    }),
  ]);
  return {
    report: () => injected.map(([kind, { hits }]) => `${hits} times ${kind}`).join(", "),
    remove: () => {
      for (const [, fault] of injected) fault.remove();
    },
  };
}

/** The first resource of a type that is asked for is refused. */
function refuseOnce(azure: Azure, type: string, answer: FaultAnswer): InjectedFault {
  const one = new RegExp(`/providers/${type}/[^/]+$`, "i");
  return azure.faults.add({
    when: ({ method, path }) => method === "PUT" && one.test(path),
    answer,
    times: 1,
  });
}

async function expectLoginAskedFor(rehearsal: Rehearsal): Promise<void> {
  const message = await rehearsal.expectPlan({}).then(() => "it went on", messageOf);
  if (!message.includes("run `az login`"))
    throw new UserError(`The scripts do not ask for a login that Azure has forgotten: ${message}`);
}
