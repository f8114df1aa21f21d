import { existsSync } from "node:fs";
import { appendFile, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import type { Environment } from "../../environments/schema";
import { UserError } from "../../lib/processes/user-error";
import { EvaluatedSystem } from "../../lib/synthesized/evaluated-system";
import { type Azure, type AzureState, startAzure } from "../azure/azure";
import { worldOf } from "../azurerm/azure-world";
import { azurerm } from "../azurerm/provider";
import type { StateFolder } from "./state-folder";
import type { UndoSteps } from "./undo-steps";

/** The file in a sandbox's folder with the Key Vaults' content. */
export const azureState = "azure.json";

/**
 * Returns the synthesized stacks of a folder as if azurerm had deployed them, and the stand-in for Azure with their resources. Each
 * needs the other: the stand-in reads the resources from the stacks, and the stacks read the certificate and keys that
 * Key Vault creates.
 */
export async function startStandIn(
  folder: StateFolder,
  outdir: string,
  environment: Environment,
  undo: UndoSteps,
): Promise<{ azure: Azure; deployment: EvaluatedSystem }> {
  const stateFile = join(folder.path, azureState);
  const deployment: EvaluatedSystem = EvaluatedSystem.load(
    outdir,
    azurerm(
      (keyVault, name) => azure.keyVault(keyVault).certificate(name),
      undefined,
      (keyVault, name) => azure.keyVault(keyVault).keyModulus(name),
    ),
  );
  const writer = new StateWriter(stateFile);
  const azure = await startAzure(worldOf(deployment, environment, outdir), {
    state: existsSync(stateFile) ? await readState(stateFile) : undefined,
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

/** Reads the file. No other program writes it, so this checks only its outer structure. @throws UserError if it was cut short or changed */
async function readState(file: string): Promise<AzureState> {
  try {
    return keptState.parse(JSON.parse(await readFile(file, "utf8"))) as AzureState;
  } catch {
    throw new UserError(
      `${file} is damaged. It holds the Key Vaults' content, without which the kept Vault stays sealed. Restore the file, or remove the folder ${dirname(file)} and start again.`,
    );
  }
}

const keptState = z.record(
  z.string(),
  z.looseObject({
    keys: z.record(z.string(), z.unknown()),
    secrets: z.record(z.string(), z.unknown()),
    certificates: z.record(z.string(), z.unknown()),
  }),
);

/** Saves Key Vault's content in a file. Each write replaces the file by a rename, one after the other. */
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
