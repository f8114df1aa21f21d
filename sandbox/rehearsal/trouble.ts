import { setTimeout as pause } from "node:timers/promises";
import type { Progress } from "../../lib/processes/progress";
import { messageOf, UserError } from "../../lib/processes/user-error";
import { numbersOf } from "../../lib/seeded-numbers";
import type { Azure } from "../azure/azure";
import { azureLifetimes } from "../azure/identity/token-issuer";
import type { FaultAnswer, InjectedFault } from "../azure/server/request-faults";
import type { AzureRequest } from "../azure/server/service";
import type { Rehearsal } from "./rehearsal";

/** The same command must succeed within this number of runs. */
const mostRuns = 12;

/** How often this kills the scripts. */
const kills = 20;

/** Milliseconds until a role assignment works. Azure takes two minutes. */
const rightsTakeMs = 10_000;

/** Seconds that a person's token lasts. On Azure it lasts an hour or more. The preflight requires 300. */
const tokenSeconds = 330;

/** Azure Resource Manager's wrong answer to a first request, by kind of trouble. */
const nuisances: Readonly<Record<string, FaultAnswer>> = {
  // Only changing requests get this. Unlike the others, it ends a run.
  "a conflict": { status: 409, code: "AnotherOperationInProgress" },
  "too many requests": { status: 429, retryAfter: 1 },
  "an error of Azure's own": { status: 500 },
  "a late answer": { delayMs: 2_000 },
};

/** The share of changing requests that meet a conflict. */
const conflicts = 1 / 12;

export interface RehearsalScene {
  rehearsal: Rehearsal;
  progress: Progress;
  random: () => number;
}

/**
 * Deploys and destroys while things go wrong. After each trouble, the same command must succeed.
 * @param seed determines which request meets which trouble, and when the scripts are killed
 */
export const bearTrouble =
  (seed: number) =>
  async (rehearsal: Rehearsal, progress: Progress): Promise<void> => {
    progress.line(`The seed is ${seed}. Use --seed ${seed} to repeat this trouble.`);
    const scene = { rehearsal, progress, random: numbersOf(seed) };
    await bearNuisances(scene);
    await bearShortages(scene);
    await bearForgottenLogin(scene);
    await bearKills(scene);
    await progress.longStep("second plan: nothing to change", () => rehearsal.expectPlan({}));
  };

/** Each request to Azure Resource Manager meets trouble the first time. */
async function bearNuisances(scene: RehearsalScene): Promise<void> {
  const { rehearsal, progress, random } = scene;
  const nuisance = annoy(rehearsal.azure, random);
  await untilWell("scripts/deploy, each request to Azure meets trouble once", scene, () =>
    rehearsal.deploy(),
  );
  await rehearsal.smokeTest();
  await untilWell("scripts/destroy, likewise", scene, () => rehearsal.destroy());
  progress.line(nuisance.report());
  nuisance.remove();
}

/** Rights work late, tokens are short, one token has expired, and Azure has no capacity for the first VM. */
async function bearShortages(scene: RehearsalScene): Promise<void> {
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
    "scripts/deploy, with late rights, short tokens, one expired token, and no capacity for the first VM",
    scene,
    () => rehearsal.deploy(),
  );
  if (once.some(({ hits }) => hits === 0))
    throw new UserError("Azure should have rejected a VM or a token, but it did not.");
  for (const fault of once) fault.remove();
  azure.accessControl.assignmentsTakeMs = 0;
  await rehearsal.smokeTest();
}

/** The person has to sign in again. */
async function bearForgottenLogin({ rehearsal, progress }: RehearsalScene): Promise<void> {
  const { azure } = rehearsal;
  azure.tokenLifetimes.person = tokenSeconds;
  // Otherwise the Azure CLI has a cached token that lasts long enough.
  await rehearsal.logIn();
  azure.forgetLogins();
  const plan = () => expectLoginAskedFor(rehearsal);
  await progress.longStep("scripts/deploy --plan, which needs a new login", plan);
  azure.tokenLifetimes.person = azureLifetimes.person;
  await rehearsal.logIn();
}

/** Kills the scripts and all their processes (kill -9) five times each, then lets the command finish, and repeats everything. */
async function bearKills(scene: RehearsalScene): Promise<void> {
  const { rehearsal, progress, random } = scene;
  const commands: [string, () => Promise<void>, longestMs: number][] = [
    ["scripts/destroy", () => rehearsal.destroy(), 40_000],
    ["scripts/deploy", () => rehearsal.deploy(), 60_000],
  ];
  for (let killed = 0; killed < kills; ) {
    for (const [what, command, longestMs] of commands) {
      for (let round = 0; round < kills / 4 && killed < kills; round++, killed++) {
        const after = Math.round(random() * longestMs);
        await progress.longStep(`${what}, killed after ${after / 1000} s`, () =>
          killedAfter(after, command, rehearsal, progress),
        );
      }
      await untilWell(`${what}, the same command again`, scene, command);
    }
    await rehearsal.smokeTest();
  }
}

const untilWell = (what: string, { progress }: RehearsalScene, command: () => Promise<void>): Promise<void> =>
  progress.longStep(what, () => againUntilWell(what, command, progress));

/** @throws UserError if it never succeeds, or if a message is only a provider's message */
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
  throw new UserError(`${what} did not succeed in ${mostRuns} runs.`);
}

/** @throws UserError if the scripts only repeat what a program below them said */
function checkWords(message: string): void {
  if (/Terraform failed with|`az [^`]*` failed/.test(message))
    throw new UserError(`The scripts only repeat the message of the program below them: ${message}`);
}

/** A run that ends early or fails does not matter here: the same command runs again. */
export async function killedAfter(
  milliseconds: number,
  command: () => Promise<void>,
  rehearsal: Rehearsal,
  progress: Progress,
): Promise<void> {
  const over = new AbortController();
  const running = command().then(
    () => progress.line("  it ended earlier"),
    (error: unknown) => {
      const message = messageOf(error);
      if (!over.signal.aborted) {
        progress.line(`  it failed earlier: ${message}`);
        checkWords(message);
      }
    },
  );
  await Promise.race([running, pause(milliseconds)]);
  over.abort();
  await rehearsal.killScript();
  await running;
}

/** Each of the deployer's requests to Azure Resource Manager meets trouble the first time. */
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

/** Rejects the first request for a resource of a type. */
function refuseOnce(azure: Azure, type: string, answer: FaultAnswer): InjectedFault {
  const one = new RegExp(`/providers/${type}/[^/]+$`, "i");
  return azure.faults.add({
    when: ({ method, path }) => method === "PUT" && one.test(path),
    answer,
    times: 1,
  });
}

async function expectLoginAskedFor(rehearsal: Rehearsal): Promise<void> {
  const message = await rehearsal.expectPlan({}).then(() => "the plan succeeded", messageOf);
  if (!message.includes("run `az login`"))
    throw new UserError(
      `The scripts do not ask for a new login after Azure has forgotten the old one: ${message}`,
    );
}
