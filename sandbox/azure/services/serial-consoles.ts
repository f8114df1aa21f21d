import type { AzureResponse } from "../server/azure-response";
import { odataError, Refusal } from "../server/refusal";
import type { AzureRequest, HostedService } from "../server/service";

const host = "serialconsoles.blob.core.windows.net";

/** Opens a console's address, like a shared access signature in Azure. Each run creates a new one. */
const signature = crypto.randomUUID();

/**
 * Returns the address of a VM's serial console. Everyone who knows it can read the console. Source: Compute, Retrieve
 * Boot Diagnostics Data.
 */
export const consoleUrl = (machine: string): string => `https://${host}/console/${machine}?sig=${signature}`;

/** The serial consoles' blobs from managed boot diagnostics. */
export class SerialConsoles implements HostedService {
  readonly name = "Serial consoles";
  readonly scheme = "https";
  readonly hosts = [host];
  readonly refuse = odataError;

  constructor(private readonly consoleOf: (machine: string) => string | undefined) {}

  answer({ path, query }: AzureRequest): AzureResponse {
    const text = this.consoleOf(path.split("/").at(-1) ?? "");
    if (query.get("sig") !== signature || text === undefined)
      throw new Refusal(404, "BlobNotFound", "The specified blob does not exist.");
    return { status: 200, text };
  }
}
