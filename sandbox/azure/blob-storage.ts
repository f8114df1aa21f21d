import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { AccessControl } from "./access-control";
import { type Answer, type AzureRequest, type HostedService, notImitated, Refusal } from "./service";
import { BadToken, bearerToken, type TokenIssuer } from "./token-issuer";
import type { Blob, StorageAccount } from "./world";

const audiences = ["https://storage.azure.com", "https://storage.azure.com/"];
const domain = ".blob.core.windows.net";
const readAction = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read";

interface BlobStorageProps {
  accounts: readonly StorageAccount[];
  issuer: TokenIssuer;
  accessControl: AccessControl;
}

/** Reading of blobs with Entra tokens: accounts here have no keys. Source: Azure, REST reference of Blob Storage, "Get Blob". */
export class BlobStorage implements HostedService {
  readonly name = "Blob Storage";
  readonly scheme = "https";
  readonly #props: BlobStorageProps;

  constructor(props: BlobStorageProps) {
    this.#props = props;
  }

  get hosts(): string[] {
    return this.#props.accounts.map(hostOf);
  }

  answer(request: AzureRequest): Answer {
    const { host, method, path, headers } = request;
    const account = this.#account(host);
    if (!account) throw notImitated(host, 404);
    if (method !== "GET") throw notImitated(`${method} of a blob`);
    // Without it the service takes a version that knows no Entra tokens.
    if (!/^\d{4}-\d\d-\d\d$/.test(String(headers["x-ms-version"]))) {
      throw new Refusal(401, "NoAuthenticationInformation", "The header x-ms-version is missing.");
    }
    const principal = this.#authenticate(request);
    const [, container = "", ...rest] = path.split("/");
    const resource = `${account.resourceId}/blobServices/default/containers/${container}`;
    if (!this.#props.accessControl.allowsDataAction(principal, readAction, resource)) {
      throw new Refusal(
        403,
        "AuthorizationPermissionMismatch",
        "This request is not authorized to perform this operation using this permission.",
      );
    }
    const blob = account.blobs.find((it) => it.container === container && it.name === rest.join("/"));
    if (!blob) throw new Refusal(404, "BlobNotFound", "The specified blob does not exist.");
    return contentOf(blob, headers["if-none-match"]);
  }

  /** In XML, in Azure too. */
  refuse({ status, code, message, details }: Refusal): Answer {
    const text = `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`;
    return { status, text, headers: { "x-ms-error-code": code, ...details.headers } };
  }

  #account(host: string): StorageAccount | undefined {
    return this.#props.accounts.find((account) => hostOf(account) === host);
  }

  #authenticate(request: AzureRequest): string {
    try {
      const { oid } = this.#props.issuer.verify(bearerToken(request.headers.authorization), audiences);
      request.authenticatedAs = oid;
      return oid;
    } catch (problem) {
      if (!(problem instanceof BadToken)) throw problem;
      throw new Refusal(401, "InvalidAuthenticationInfo", `The token is refused: ${problem.message}.`);
    }
  }
}

/** Read anew each time, as whoever pushes may do so at any time. */
function contentOf({ file }: Blob, known: string | undefined): Answer {
  const bytes = readFileSync(file);
  const etag = `"0x${createHash("sha256").update(bytes).digest("hex").slice(0, 15).toUpperCase()}"`;
  if (known === etag) return { status: 304, bytes: Buffer.alloc(0), headers: { ETag: etag } };
  return { status: 200, bytes, headers: { ETag: etag } };
}

function hostOf({ name }: StorageAccount): string {
  return `${name}${domain}`;
}
