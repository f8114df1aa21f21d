import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { AccessControl } from "./access-control";
import { type Answer, type AzureRequest, type HostedService, notImitated, Refusal } from "./service";
import { BadToken, bearerToken, type TokenIssuer } from "./token-issuer";
import type { AzureWorld, StorageAccount } from "./world";

const audiences = ["https://storage.azure.com", "https://storage.azure.com/"];
const domain = ".blob.core.windows.net";
const blobs = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs";
const actions: Readonly<Record<string, string>> = {
  GET: `${blobs}/read`,
  HEAD: `${blobs}/read`,
  PUT: `${blobs}/write`,
};

interface BlobStorageProps {
  world: AzureWorld;
  issuer: TokenIssuer;
  accessControl: AccessControl;
}

/**
 * Reading and writing of whole blobs with Entra tokens: accounts here have no keys.
 * Source: Azure, REST reference of Blob Storage, "Get Blob" and "Put Blob".
 */
export class BlobStorage implements HostedService {
  readonly name = "Blob Storage";
  readonly scheme = "https";
  readonly #props: BlobStorageProps;
  /** What was pushed, by URL without a scheme. */
  readonly #pushed = new Map<string, Buffer>();

  constructor(props: BlobStorageProps) {
    this.#props = props;
  }

  get hosts(): string[] {
    return (this.#props.world.storageAccounts ?? []).map(hostOf);
  }

  answer(request: AzureRequest): Answer {
    const { host, method, path, headers } = request;
    const account = this.#account(host);
    if (!account) throw notImitated(host, 404);
    const action = actions[method];
    if (action === undefined || request.query.size > 0)
      throw notImitated(`${method} of a blob with ${request.query}`);
    // Without it the service takes a version that knows no Entra tokens.
    if (!/^\d{4}-\d\d-\d\d$/.test(String(headers["x-ms-version"]))) {
      throw new Refusal(401, "NoAuthenticationInformation", "The header x-ms-version is missing.");
    }
    const principal = this.#authenticate(request);
    const [, container = "", ...rest] = path.split("/");
    const resource = `${account.resourceId}/blobServices/default/containers/${container}`;
    if (!this.#props.accessControl.allowsDataAction(principal, action, resource)) {
      throw new Refusal(
        403,
        "AuthorizationPermissionMismatch",
        "This request is not authorized to perform this operation using this permission.",
      );
    }
    if (method === "PUT") {
      this.#pushed.set(`${host}${path}`, request.bytes);
      return { status: 201, text: "", headers: { ETag: etagOf(request.bytes), ...lastModified() } };
    }
    const pushed = this.#pushed.get(`${host}${path}`);
    if (pushed) return contentOf(pushed, headers["if-none-match"]);
    const blob = account.blobs.find((it) => it.container === container && it.name === rest.join("/"));
    if (!blob) throw new Refusal(404, "BlobNotFound", "The specified blob does not exist.");
    return contentOf(readFileSync(blob.file), headers["if-none-match"]);
  }

  /** In XML, in Azure too. */
  refuse({ status, code, message, details }: Refusal): Answer {
    const text = `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`;
    return { status, text, headers: { "x-ms-error-code": code, ...details.headers } };
  }

  #account(host: string): StorageAccount | undefined {
    return this.#props.world.storageAccounts?.find((account) => hostOf(account) === host);
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

function contentOf(bytes: Buffer, known: string | undefined): Answer {
  const headers = { ETag: etagOf(bytes), ...lastModified() };
  if (known === headers.ETag) return { status: 304, bytes: Buffer.alloc(0), headers };
  return { status: 200, bytes, headers };
}

function hostOf({ name }: StorageAccount): string {
  return `${name}${domain}`;
}

const etagOf = (bytes: Buffer): string =>
  `"0x${createHash("sha256").update(bytes).digest("hex").slice(0, 15).toUpperCase()}"`;

const lastModified = (): Record<string, string> => ({ "Last-Modified": new Date().toUTCString() });
