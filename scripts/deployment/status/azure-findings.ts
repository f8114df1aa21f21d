import { z } from "zod";
import type { Environment } from "../../../environments/schema";
import type { AzureCli } from "../azure-cli";
import { deployedMachines, lastReport, MachineReports } from "../machine-reports";
import type { StackState } from "../stack-state";
import { unsealKeyUrl } from "../unseal-key";
import { type Finding, look, note, unseen, well, wrong } from "./finding";
import { snapshotFinding } from "./snapshot-finding";

const machineView = z.object({
  instanceView: z.object({
    statuses: z.array(z.object({ code: z.string(), displayStatus: z.string().default("") })),
  }),
});

const keyVersion = z.object({
  key: z.object({ kid: z.string() }),
  attributes: z.object({ enabled: z.boolean() }),
});

const mysqlServer = z.object({ state: z.string() });

/** Checks Vault's VMs: if they run, their applied user data, and the newest snapshot in their reports. */
export async function machineFindings(
  az: AzureCli,
  vaultServer: StackState,
  environment: Environment,
): Promise<Finding[]> {
  const consoles: string[] = [];
  const reports = new MachineReports(az);
  const machines = deployedMachines(undefined, vaultServer);
  const findings = await Promise.all(
    machines.map(async ({ id, name, version }) => {
      const power = await look(name, async () => [await powerFinding(az, id, name)]);
      const applied = await look(`${name} user data`, async () => {
        const console = await reports.console(id);
        consoles.push(console);
        return [userDataFinding(name, version, console)];
      });
      return [...power, ...applied];
    }),
  );
  return [...findings.flat(), snapshotFinding(consoles, environment.vault.snapshots, new Date())];
}

async function powerFinding(az: AzureCli, id: string, name: string): Promise<Finding> {
  const { instanceView } = await az.json(machineView, "vm", "get-instance-view", "--ids", id);
  const power = instanceView.statuses.find(({ code }) => code.startsWith("PowerState/"));
  if (power?.code === "PowerState/running") return well(name, "runs");
  return wrong(
    name,
    `${power?.displayStatus ?? "its power state is unknown"}. Start it: \`az vm start --ids ${id}\`.`,
  );
}

function userDataFinding(name: string, version: string, console: string): Finding {
  const what = `${name} user data`;
  const last = lastReport(console);
  if (!last) return unseen(what, "its serial console has no report of it. Restart the VM to get one.");
  if (last.version === version && last.applied) return well(what, `${version} is applied`);
  return wrong(
    what,
    `${version} is not applied yet. Its last report: ${last.line}. Run scripts/deploy, which waits for it.`,
  );
}

/** Returns the key version with which Vault currently wraps. */
export async function unsealKeyFindings(
  az: AzureCli,
  environment: Environment,
  vaultServer: StackState,
): Promise<Finding[]> {
  const id = unsealKeyUrl(environment, vaultServer);
  if (!id) return [unseen("unseal key", "the stack's state does not name it. Run scripts/deploy.")];
  const {
    key: { kid },
    attributes,
  } = await az.json(keyVersion, "keyvault", "key", "show", "--id", id);
  const version = kid.split("/").at(-1);
  if (attributes.enabled) return [well("unseal key", `version ${version}`)];
  return [
    wrong(
      "unseal key",
      `version ${version} is disabled: Vault cannot unseal with it. \`az keyvault key set-attributes --id ${kid} --enabled true\`.`,
    ),
  ];
}

export async function mysqlFindings(az: AzureCli, mysql: StackState): Promise<Finding[]> {
  const [server] = mysql.existing("azurerm_mysql_flexible_server");
  if (!server) return [note("MySQL", "is not deployed.")];
  const id = String(server["id"]);
  const { state } = await az.json(mysqlServer, "mysql", "flexible-server", "show", "--ids", id);
  if (state === "Ready") return [well("MySQL", "is ready")];
  return [wrong("MySQL", `is ${state}. Start it: \`az mysql flexible-server start --ids ${id}\`.`)];
}
