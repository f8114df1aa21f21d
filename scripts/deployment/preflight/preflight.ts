import { azureClouds } from "../../../environments/azure-clouds";
import type { Report } from "../../../lib/processes/progress";
import { UserError } from "../../../lib/processes/user-error";
import type { AzureCli } from "../azure-cli";
import { childEnvironment } from "../child-environment";
import { DeploymentProblems } from "../deployment-problems";
import type { Interruption } from "../interruption";
import { type AzureLogin, readLogin } from "../login";
import { readStates, type StackState } from "../stack-state";
import { checkAddresses, exampleRangeProblems } from "./address-check";
import { checkAppServicePlan } from "./app-service-check";
import type { Check, CheckContext } from "./check";
import { checkDependencies } from "./dependency-check";
import { checkDeployerLogin } from "./deployer-login-check";
import { checkEncryptionAtHost } from "./encryption-check";
import { checkFirstDeployer } from "./first-deployer-check";
import { checkGlobalNames } from "./global-name-check";
import { checkStateLocks } from "./lock-check";
import { checkLogin } from "./login-check";
import { checkMachineSizes } from "./machine-size-check";
import { checkMysql } from "./mysql-check";
import { checkNames } from "./name-check";
import { programVersions } from "./program-versions";
import { checkResourceProviders } from "./provider-check";
import { checkRights } from "./rights-check";
import { checkSeal } from "./seal-check";
import { checkSubscription } from "./subscription-check";
import { checkVaultUpgrade } from "./vault-upgrade-check";
import { checkWarnings } from "./warning-check";

/** A deployment's knowledge after the checks. */
export interface Prepared {
  readonly login: AzureLogin;
  readonly states: ReadonlyMap<string, StackState>;
}

export interface PreflightOptions extends Omit<CheckContext, "login" | "states"> {
  readonly interruption: Interruption;
  /** Gets the current step. */
  readonly report: Report;
}

const deploymentChecks: readonly Check[] = [
  checkWarnings,
  checkLogin,
  checkFirstDeployer,
  checkDeployerLogin,
  checkSubscription,
  checkAddresses,
  checkDependencies,
  checkRights,
  checkResourceProviders,
  checkMachineSizes,
  checkEncryptionAtHost,
  checkMysql,
  checkAppServicePlan,
  checkNames,
  checkGlobalNames,
  checkStateLocks,
  checkVaultUpgrade,
  checkSeal,
];

/** scripts/destroy needs fewer checks. */
const destructionChecks: readonly Check[] = [
  checkLogin,
  checkDeployerLogin,
  checkSubscription,
  checkAddresses,
  checkStateLocks,
];

/**
 * Checks everything that a deployment needs before it changes anything.
 * @throws {DeploymentProblems} with all problems found at once
 */
export async function preflight(
  options: PreflightOptions,
  purpose: "deploy" | "destroy" = "deploy",
): Promise<Prepared> {
  const { environment, system, stacks, az, interruption, report } = options;
  const { signal } = interruption;
  const [versions, login] = await Promise.all([programVersions(az), attempt(() => readLogin(az))]);
  const readable = "value" in login || environment.state.backend === "local";
  const env = childEnvironment(environment, "value" in login ? login.value : undefined);
  const states =
    readable && versions.terraformRuns
      ? await attempt(async () => {
          if (environment.state.backend === "azurerm") await fetchStorageToken(az);
          return readStates(system, stacks, { env, interruption, report });
        })
      : { problems: [] };
  const problems = [...versions.problems, ...problemsIn(login), ...problemsIn(states)];
  const context = "value" in login ? { ...options, login: login.value } : undefined;
  if (context) {
    const known = "value" in states ? states.value : new Map<string, StackState>();
    const checks = (purpose === "deploy" ? deploymentChecks : destructionChecks).filter(
      (check) => "value" in states || !readStatesFirst.has(check),
    );
    const found = await Promise.all(
      checks.map((check) => attempt(async () => check({ ...context, states: known }))),
    );
    problems.push(...found.flatMap((one) => ("value" in one ? one.value : one.problems)));
  } else {
    // This check needs no login.
    problems.push(...exampleRangeProblems(environment));
  }
  signal.throwIfAborted();
  if (problems.length > 0 || !("value" in login) || !("value" in states)) {
    const unique = [...new Set(problems)];
    const count = unique.length === 1 ? "found one problem" : `found ${unique.length} problems`;
    throw new DeploymentProblems(`Nothing was changed: the preflight ${count}`, unique);
  }
  return { login: login.value, states: states.value };
}

/**
 * Runs before several Terraforms ask az for a token at once. Otherwise each of them writes az's token cache, and the others do not
 * find the login meanwhile.
 */
async function fetchStorageToken(az: AzureCli): Promise<void> {
  const scope = `${azureClouds[az.cloud].storageResource}.default`;
  await az.run("account", "get-access-token", "--scope", scope, "--output", "none");
}

/** These checks would report false problems if the states are unknown. */
const readStatesFirst = new Set<Check>([
  checkDependencies,
  checkRights,
  checkMachineSizes,
  checkEncryptionAtHost,
  checkMysql,
  checkAppServicePlan,
  checkNames,
  checkVaultUpgrade,
  checkSeal,
]);

type Attempt<T> = { value: T } | { problems: string[] };

async function attempt<T>(work: () => Promise<T>): Promise<Attempt<T>> {
  try {
    return { value: await work() };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { problems: [error.message] };
  }
}

function problemsIn<T>(outcome: Attempt<T>): string[] {
  return "problems" in outcome ? outcome.problems : [];
}
