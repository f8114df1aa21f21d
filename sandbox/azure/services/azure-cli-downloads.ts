import type { AzureResponse } from "../server/azure-response";
import { odataError, Refusal } from "../server/refusal";
import type { HostedService } from "../server/service";

/** The server where the Azure CLI looks for newer versions of itself after a login. The sandbox has none. */
export class AzureCliDownloads implements HostedService {
  readonly name = "Azure CLI downloads";
  readonly scheme = "https";
  readonly hosts = ["azcliprod.blob.core.windows.net"];
  readonly refuse = odataError;

  answer(): AzureResponse {
    throw new Refusal(404, "BlobNotFound", "The specified blob does not exist.");
  }
}
