import { loadEnvironment } from "../../../environments/load";
import type { Environment } from "../../../environments/schema";
import { UserError } from "../../../lib/processes/user-error";
import type { SynthesizedStack } from "../../../lib/synthesized/synthesized-folder";
import { AzureCli } from "../azure-cli";
import type { Interruption } from "../interruption";
import { readLogin } from "../login";
import { readArguments, runScript } from "../run-script";
import { webAppsAnswer } from "../smoke-test";
import { readStateAside, type StackState } from "../stack-state";
import { readSystem } from "../system";
import { VaultAccess, vaultLocation } from "../vault-access";
import { alertFindings } from "./alert-findings";
import { machineFindings, mysqlFindings, unsealKeyFindings } from "./azure-findings";
import { type Finding, look, note, unseen, well } from "./finding";
import { vaultFindings } from "./vault-findings";

const help = `Usage: scripts/status [environment] [--json]

Shows the state of the deployed system on one screen: Vault, its nodes, certificate, audit devices, disks and leases, the VMs and
their applied user data, the newest snapshot, the unseal key, MySQL, the web apps and the alerts that fire. It changes nothing.

It makes Vault's public requests without a token, and all other requests as the deployer who is logged in to the Azure CLI. It
shows which parts it could not check, and why.

  environment     a file of environments/, without .json (default: $ENVIRONMENT, else demo)
  --json          print the same as JSON on stdout

Exit code: 0 all is well; 1 something is wrong; 2 nothing wrong was found, but some parts could not be checked.
`;

const EXIT_CODES = { well: 0, wrong: 1, unseen: 2 } as const;

/** Seconds for a web app to answer. */
const WEB_APP_SECONDS = 15;

/** `scripts/status`. */
export async function main(): Promise<void> {
  const nothingSeen = EXIT_CODES.unseen;
  await runScript(
    async (interruption) => {
      const { environment: name, values } = readArguments(help, {
        json: { type: "boolean", default: false },
      });
      const findings = await statusOf(loadEnvironment(name), interruption);
      interruption.check();
      const state = overallOf(findings);
      process.stdout.write(
        values.json
          ? `${JSON.stringify({ environment: name, state, findings }, null, 2)}\n`
          : screen(name, findings),
      );
      return EXIT_CODES[state];
    },
    undefined,
    nothingSeen,
  );
}

async function statusOf(environment: Environment, interruption: Interruption): Promise<Finding[]> {
  const az = new AzureCli(environment.azureCloud, interruption.signal);
  const stacks = new Map(readSystem(environment).map((stack) => [stack.name, stack]));
  await readLogin(az);
  const state = (name: string): Promise<StackState> =>
    readStateAside(stackOf(stacks, name), interruption.signal);
  const vaultServer = await state("vault-server");
  vaultLocation(vaultServer);
  const mysql = state("mysql");
  const parts = await Promise.all([
    look("Vault", async () => {
      const access = await VaultAccess.open(az, environment, vaultServer);
      return vaultFindings(access, environment, vaultServer).finally(access.close);
    }),
    machineFindings(az, vaultServer, environment),
    look("unseal key", () => unsealKeyFindings(az, environment, vaultServer)),
    look("MySQL", async () => mysqlFindings(az, await mysql)),
    look("web apps", async () =>
      webAppFindings(stackOf(stacks, "web-app"), await state("web-app"), interruption),
    ),
    look("alerts", async () => alertFindings(az, [vaultServer, await mysql])),
  ]);
  return parts.flat();
}

function stackOf(stacks: ReadonlyMap<string, SynthesizedStack>, name: string): SynthesizedStack {
  const stack = stacks.get(name);
  if (!stack) throw new UserError(`The environment has no stack ${name}.`);
  return stack;
}

async function webAppFindings(
  stack: SynthesizedStack,
  state: StackState,
  interruption: Interruption,
): Promise<Finding[]> {
  const names = Object.keys((state.outputs["webapp_urls"] as object | undefined) ?? {});
  if (names.length === 0) return [note("web apps", "are not deployed.")];
  try {
    await webAppsAnswer(stack, state, { seconds: WEB_APP_SECONDS, interruption });
    return [well("web apps", `${names.join(", ")} answer`)];
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return [unseen("web apps", error.message)];
  }
}

function overallOf(findings: readonly Finding[]): keyof typeof EXIT_CODES {
  return (
    (["wrong", "unseen"] as const).find((state) => findings.some((one) => one.state === state)) ?? "well"
  );
}

const SIGNS: Readonly<Record<Finding["state"], string>> = {
  well: "ok",
  wrong: "WRONG",
  unseen: "not seen",
  note: "-",
};

/** Returns a line for each finding. */
function screen(environment: string, findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ what }) => what.length));
  const lines = findings.map(
    ({ what, state, says }) => `${SIGNS[state].padEnd(8)}  ${what.padEnd(width)}  ${says}\n`,
  );
  return `${environment}: ${summary(findings)}\n${lines.join("")}`;
}

function summary(findings: readonly Finding[]): string {
  const count = (state: Finding["state"]): number => findings.filter((one) => one.state === state).length;
  const [bad, hidden] = [count("wrong"), count("unseen")];
  if (bad > 0) return `${bad} ${bad === 1 ? "thing is" : "things are"} wrong`;
  return hidden > 0
    ? `nothing wrong was found, but ${hidden} ${hidden === 1 ? "part" : "parts"} could not be checked`
    : "all is well";
}
