import { loadEnvironment } from "../../environments/load";
import { Progress } from "../../lib/processes/progress";
import { waitFor } from "../../lib/processes/wait-for";
import { type BootingMachine, virtualMachines } from "../../sandbox/azurerm/virtual-machines";
import { DeployedGuest } from "../../sandbox/guest/deployed-guest";
import type { Guest } from "../../sandbox/guest/guest";
import { Sandbox } from "../../sandbox/system/sandbox";
import { StateFolder } from "../../sandbox/system/state-folder";
import { UndoSteps } from "../../sandbox/system/undo-steps";
import { itTakesLong } from "../long-tests";
import { checkMachine } from "./machine-checks";
import { BOOT_MS, SOON_MS } from "./scene";
import { untilCloudInitIsDone, untilUnitIsActive } from "./systemd";
import { variableOf } from "./variable-of";
import { findWorkshop, installedPrograms } from "./workshop";

jest.setTimeout(BOOT_MS);

/** Files that only Vault Agent and the application may read. */
const secrets = {
  "read Vault Agent's token": ": </ramdisk/.vaulttoken",
  "read the application's configuration": ": </ramdisk/app/config.json",
};

describe("A VM of the stack agent-vm", () => {
  const undo = new UndoSteps();
  const progress = new Progress();
  let machine: BootingMachine;
  let vm: Guest;
  let poweredOn: number;

  const firstPage = () =>
    vm
      .run("curl --silent --fail --max-time 20 http://127.0.0.1:8080/customers")
      .then(({ code }) => code === 0);

  beforeAll(async () => {
    const workshop = await findWorkshop(progress);
    const folder = await StateFolder.open();
    await undo.add(() => folder.close());
    const environment = loadEnvironment(process.env.ENVIRONMENT ?? "demo");
    const sandbox = await Sandbox.start({ environment, folder, progress, upTo: "everything" });
    await undo.add(() => sandbox.stop());
    machine = virtualMachines(sandbox.deployment).find(({ stack }) => stack === "agent-vm") as BootingMachine;
    const { address } = sandbox.vault;
    const prepared = await DeployedGuest.prepare({
      workshop,
      azure: sandbox.azure,
      machine,
      folder: folder.path,
      programs: installedPrograms(sandbox.environment, sandbox.vaultProgram),
      services: {
        [new URL(variableOf(machine, "VAULT_ADDR")).host]: {
          host: address,
          port: 8200,
          sourceAddress: machine.privateAddress,
        },
        [`${variableOf(machine, "DATABASE_HOST")}:3306`]: {
          host: sandbox.database.host,
          port: sandbox.database.port,
        },
      },
    });
    await undo.add(() => prepared.close());
    // Vault's VM, which boots beside it and takes longer, has two.
    vm = await prepared.create("agent", { cpus: 1 });
    await undo.add(() => vm.cutPower());
    poweredOn = Date.now();
    await progress.step("power-on to the end of cloud-init", async () => {
      await vm.start();
      await vm.untilThere({ deadlineMs: BOOT_MS });
      await untilCloudInitIsDone(vm);
    });
    await progress.step("Vault Agent and the application", async () => {
      for (const unit of ["vault-agent.service", "app.service"]) await untilUnitIsActive(vm, unit);
      await waitFor("the application to answer with customers", firstPage, {
        deadlineMs: SOON_MS,
        intervalMs: 3_000,
      });
    });
    const seconds = ((Date.now() - poweredOn) / 1000).toFixed(0);
    progress.line(`From power-on to the application's first page: ${seconds} s (${workshop.acceleration}).`);
  }, 2 * BOOT_MS);

  afterAll(() => undo.undo(), SOON_MS);

  checkMachine(() => ({
    vm,
    userData: machine.cloudConfig,
    // The second is not the VM's: it leads to the sandbox's database.
    listeners: ["127.0.0.1:8080", `${variableOf(machine, "DATABASE_HOST")}:3306`],
    attempts: secrets,
    allowed: {
      // It writes the user data's files.
      "apply-user-data.service": [
        "ask IMDS",
        "write a configuration file",
        "write a program",
        "write a unit",
      ],
      "app-package.service": ["ask IMDS"],
      "app.service": ["have memory that is writable and executable", "read the application's configuration"],
      "vault-agent.service": ["ask IMDS", "read Vault Agent's token", "read the application's configuration"],
      "vault-ca-certificate.service": ["ask IMDS"],
    },
  }));

  it("keeps the application's configuration and Vault Agent's token in memory, unreadable for others", async () => {
    expect(await vm.output("findmnt --noheadings --output FSTYPE,OPTIONS /ramdisk")).toMatch(
      /^tmpfs +rw,nosuid,nodev,noexec.*noswap/,
    );
    expect(
      await vm.output(
        "stat --format '%n %U:%G %a' /ramdisk /ramdisk/.vaulttoken /ramdisk/app /ramdisk/app/config.json /ramdisk/app/agent.sock",
      ),
    ).toBe(
      [
        "/ramdisk vault-agent:vault-agent 751",
        "/ramdisk/.vaulttoken vault-agent:vault-agent 600",
        "/ramdisk/app vault-agent:app 2750",
        "/ramdisk/app/config.json vault-agent:app 640",
        "/ramdisk/app/agent.sock vault-agent:app 660",
      ].join("\n"),
    );
  });

  // Vault's VM, too, shows in the short form that a power cut loses nothing. This one takes an emulated processor four minutes.
  itTakesLong("serves the application again after a power cut", async () => {
    await vm.cutPower();
    await vm.start();
    await vm.untilThere({ deadlineMs: BOOT_MS });
    await waitFor("the application to answer with customers", firstPage, {
      deadlineMs: SOON_MS,
      intervalMs: 3_000,
    });
  });
});
