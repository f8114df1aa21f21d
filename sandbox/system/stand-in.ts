import { existsSync } from "node:fs";
import { appendFile, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Environment } from "../../environments/schema";
import { Deployment } from "../../lib/synthesized/deployment";
import { type Azure, type AzureState, startAzure } from "../azure/azure";
import { worldOf } from "../azurerm/azure-world";
import { azurerm } from "../azurerm/provider";
import type { StateFolder } from "./state-folder";
import type { UndoSteps } from "./undo-steps";

/**
 * The stacks that were synthesized into a folder as if azurerm had deployed them, and the stand-in for Azure with what that makes. Each
 * asks the other: the stand-in what there is, the stacks for the certificate that Key Vault makes.
 */
export async function startStandIn(
  folder: StateFolder,
  outdir: string,
  environment: Environment,
  undo: UndoSteps,
): Promise<{ azure: Azure; deployment: Deployment }> {
  const stateFile = join(folder.path, "azure.json");
  const deployment: Deployment = Deployment.load(
    outdir,
    azurerm((keyVault, name) => azure.keyVault(keyVault).certificate(name)),
  );
  const writer = new StateWriter(stateFile);
  const azure = await startAzure(worldOf(deployment, environment, outdir), {
    state: existsSync(stateFile) ? (JSON.parse(await readFile(stateFile, "utf8")) as AzureState) : undefined,
    onStateChange: (state) => writer.write(state),
    print: (line) => void appendFile(join(folder.path, "azure.log"), `${line}\n`, { mode: 0o600 }),
  });
  await undo.add(async () => {
    await azure.stop();
    await writer.written;
  });
  writer.write(azure.exportState());
  await writeFile(join(folder.path, "ca.pem"), azure.caPem);
  return { azure, deployment };
}

/** Keeps Key Vault's content in a file, one write after the other, each by a rename. */
class StateWriter {
  written: Promise<void> = Promise.resolve();

  constructor(private readonly file: string) {}

  write(state: AzureState): void {
    const text = JSON.stringify(state);
    this.written = this.written.then(async () => {
      await writeFile(`${this.file}.new`, text, { mode: 0o600 });
      await rename(`${this.file}.new`, this.file);
    });
  }
}
