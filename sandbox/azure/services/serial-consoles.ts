import { type Answer, type AzureRequest, type HostedService, odataError, Refusal } from "../server/service";

const host = "serialconsoles.blob.core.windows.net";

/** What opens a console's address, as a shared access signature does in Azure: new in each run. */
const signature = crypto.randomUUID();

/** Where a VM's serial console can be read by whoever was told the address. Source: Compute, Retrieve Boot Diagnostics Data. */
export const consoleUrl = (machine: string): string => `https://${host}/console/${machine}?sig=${signature}`;

/** The blobs of serial consoles that managed boot diagnostics keep. */
export class SerialConsoles implements HostedService {
  readonly name = "Serial consoles";
  readonly scheme = "https";
  readonly hosts = [host];
  readonly refuse = odataError;

  constructor(private readonly consoleOf: (machine: string) => string | undefined) {}

  answer({ path, query }: AzureRequest): Answer {
    const text = this.consoleOf(path.split("/").at(-1) ?? "");
    if (query.get("sig") !== signature || text === undefined)
      throw new Refusal(404, "BlobNotFound", "The specified blob does not exist.");
    return { status: 200, text };
  }
}
