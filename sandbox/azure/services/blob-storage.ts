import { createHash, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { authenticate } from "../identity/authenticate";
import type { TokenIssuer } from "../identity/token-issuer";
import type { AccessControl } from "../model/access-control";
import type { AzureWorld, StorageAccount } from "../model/world";
import type { AzureResponse } from "../server/azure-response";
import { notImitated, Refusal } from "../server/refusal";
import type { AzureRequest, HostedService } from "../server/service";

const audiences = ["https://storage.azure.com", "https://storage.azure.com/"];
const domain = ".blob.core.windows.net";
const blobs = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs";
/** Right and log's category by method. Source: Azure Monitor, storage accounts' resource logs. */
const operations: Readonly<Record<string, { action: string; category: string }>> = {
  GET: { action: `${blobs}/read`, category: "StorageRead" },
  HEAD: { action: `${blobs}/read`, category: "StorageRead" },
  PUT: { action: `${blobs}/write`, category: "StorageWrite" },
  DELETE: { action: `${blobs}/delete`, category: "StorageDelete" },
};

/** A pushed block blob. */
interface Blob {
  bytes: Buffer;
  modified: Date;
  /** Metadata by the header's name after x-ms-meta-, in lower case. */
  metadata: Record<string, string>;
  /** Id of an endless lease, or undefined without a lease. */
  leaseId?: string;
}

interface BlobStorageProps {
  world: AzureWorld;
  issuer: TokenIssuer;
  accessControl: AccessControl;
}

/**
 * Blob Storage with whole block blobs, their metadata, endless leases and lists. Clients use Entra tokens, because
 * accounts have no keys. Source: Azure, REST reference of Blob Storage.
 */
export class BlobStorage implements HostedService {
  readonly name = "Blob Storage";
  readonly scheme = "https";
  /** Pushed blobs, by URL without a scheme. */
  readonly #pushed = new Map<string, Blob>();

  constructor(private readonly props: BlobStorageProps) {}

  get hosts(): string[] {
    return (this.props.world.storageAccounts ?? []).map(hostOf);
  }

  answer(request: AzureRequest): AzureResponse {
    const { host, method, path, headers } = request;
    const account = this.#account(host);
    if (!account) throw notImitated(host, 404);
    const known = operations[method];
    if (!known) throw notImitated(`${method} of a blob`);
    const { action, category } = known;
    const service = `${account.resourceId}/blobServices/default`;
    request.trace = { category, resourceId: service, operation: operationOf(request) };
    // If the header is missing, the service uses a version that does not accept Entra tokens.
    if (!/^\d{4}-\d\d-\d\d$/.test(String(headers["x-ms-version"]))) {
      throw new Refusal(401, "NoAuthenticationInformation", "The header x-ms-version is missing.");
    }
    const { oid: principal } = authenticate(
      request,
      this.props.issuer,
      audiences,
      ({ message }) => new Refusal(401, "InvalidAuthenticationInfo", `The token was refused: ${message}.`),
    );
    const [, container = ""] = path.split("/");
    if (account.unreachable) {
      throw new Refusal(
        403,
        "AuthorizationFailure",
        "This request is not authorized to perform this operation.",
      );
    }
    const allows = (wanted: string): boolean =>
      this.props.accessControl.allowsDataAction(principal, wanted, `${service}/containers/${container}`);
    // A caller with only the right to add can create new blobs, and cannot replace existing ones.
    const isNew = method === "PUT" && !request.query.has("comp") && !this.#find(request, account);
    if (!(allows(action) || (isNew && allows(`${blobs}/add/action`)))) {
      throw new Refusal(
        403,
        "AuthorizationPermissionMismatch",
        "This request is not authorized to perform this operation using this permission.",
      );
    }
    return this.#perform(request, account);
  }

  #perform(request: AzureRequest, account: StorageAccount): AzureResponse {
    const { method, path, query, host, headers } = request;
    const component = query.get("comp");
    const key = `${host}${path}`;
    if (method === "GET" && query.get("restype") === "container" && component === "list")
      return this.#list(key, query);
    const known = component === null || (method === "PUT" && ["lease", "metadata"].includes(component));
    if (!known) throw notImitated(`${method} of a blob with ${query}`);
    const blob = this.#find(request, account);
    if (method === "PUT" && component === null) return this.#put(key, request);
    if (!blob) throw new Refusal(404, "BlobNotFound", "The specified blob does not exist.");
    if (component === "lease") return lease(blob, headers);
    if (method !== "GET" && method !== "HEAD") checkLease(blob, headers);
    if (component === "metadata") {
      blob.metadata = metadataIn(headers);
      return { status: 200, text: "", headers: headersOf(blob) };
    }
    if (method === "DELETE") {
      this.#pushed.delete(key);
      return { status: 202, text: "" };
    }
    const etag = etagOf(blob.bytes);
    if (headers["if-none-match"] === etag)
      return { status: 304, bytes: Buffer.alloc(0), headers: headersOf(blob) };
    return { status: 200, bytes: blob.bytes, headers: headersOf(blob) };
  }

  #find({ host, path }: AzureRequest, account: StorageAccount): Blob | undefined {
    return this.#pushed.get(`${host}${path}`) ?? this.#given(account, path);
  }

  /** Returns a blob of the initial world. */
  #given(account: StorageAccount, path: string): Blob | undefined {
    const [, container, ...rest] = path.split("/");
    const blob = account.blobs.find((it) => it.container === container && it.name === rest.join("/"));
    return blob && { bytes: readFileSync(blob.file), modified: new Date(), metadata: {} };
  }

  #put(key: string, { bytes, headers }: AzureRequest): AzureResponse {
    const before = this.#pushed.get(key);
    if (headers["x-ms-blob-type"] !== "BlockBlob") {
      throw new Refusal(
        400,
        "InvalidHeaderValue",
        "The value of the header x-ms-blob-type is not supported here.",
      );
    }
    if (before && headers["if-none-match"] === "*") {
      throw new Refusal(409, "BlobAlreadyExists", "The specified blob already exists.");
    }
    if (before) checkLease(before, headers);
    const blob = { bytes, modified: new Date(), metadata: metadataIn(headers), leaseId: before?.leaseId };
    this.#pushed.set(key, blob);
    return { status: 201, text: "", headers: headersOf(blob) };
  }

  /** Returns all blobs of a container, in one page. */
  #list(container: string, query: URLSearchParams): AzureResponse {
    const prefix = `${container}/`;
    const wanted = query.get("prefix") ?? "";
    const entries = [...this.#pushed]
      .filter(([key]) => key.startsWith(`${prefix}${wanted}`))
      .map(([key, blob]): [string, Blob] => [key.slice(prefix.length), blob]);
    const blobsXml = entries.map(([name, blob]) => {
      const metadata = Object.entries(blob.metadata).map(
        ([field, value]) => `<${field}>${xml(value)}</${field}>`,
      );
      const state = leaseState(blob);
      return `<Blob><Name>${xml(name)}</Name><Properties><Last-Modified>${blob.modified.toUTCString()}</Last-Modified><Etag>${etagOf(blob.bytes)}</Etag><Content-Length>${blob.bytes.length}</Content-Length><Content-Type>application/octet-stream</Content-Type><BlobType>BlockBlob</BlobType><LeaseStatus>${state.status}</LeaseStatus><LeaseState>${state.state}</LeaseState></Properties><Metadata>${metadata.join("")}</Metadata></Blob>`;
    });
    const text = `<?xml version="1.0" encoding="utf-8"?><EnumerationResults><Blobs>${blobsXml.join("")}</Blobs><NextMarker /></EnumerationResults>`;
    return { status: 200, text, headers: { "Content-Type": "application/xml" } };
  }

  /** Uses XML, as Azure does. */
  refuse({ status, code, message, details }: Refusal): AzureResponse {
    const text = `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`;
    return { status, text, headers: { "x-ms-error-code": code, ...details.headers } };
  }

  #account(host: string): StorageAccount | undefined {
    return this.props.world.storageAccounts?.find((account) => hostOf(account) === host);
  }
}

/** Source: Azure, Storage Analytics logged operations. */
function operationOf({ method, query, headers }: AzureRequest): string {
  const component = query.get("comp");
  if (component === "list") return "ListBlobs";
  if (component === "metadata") return "SetBlobMetadata";
  if (component === "lease") {
    const action = String(headers["x-ms-lease-action"]);
    return `${action.charAt(0).toUpperCase()}${action.slice(1)}BlobLease`;
  }
  const names: Readonly<Record<string, string>> = { HEAD: "GetBlobProperties", DELETE: "DeleteBlob" };
  return names[method] ?? (method === "PUT" ? "PutBlob" : "GetBlob");
}

type Headers = AzureRequest["headers"];

/** Only the owner of the lease can change a blob. */
function checkLease({ leaseId }: Blob, headers: Headers): void {
  const given = headers["x-ms-lease-id"];
  if (leaseId === undefined) return;
  if (given === undefined)
    throw new Refusal(
      412,
      "LeaseIdMissing",
      "There is currently a lease on the blob and no lease ID was specified in the request.",
    );
  if (String(given).toLowerCase() !== leaseId.toLowerCase())
    throw new Refusal(
      412,
      "LeaseIdMismatchWithBlobOperation",
      "The lease ID specified did not match the lease ID for the blob.",
    );
}

function lease(blob: Blob, headers: Headers): AzureResponse {
  const action = String(headers["x-ms-lease-action"]).toLowerCase();
  const given = headers["x-ms-lease-id"];
  switch (action) {
    case "acquire": {
      const proposed = String(headers["x-ms-proposed-lease-id"] ?? randomUUID());
      if (blob.leaseId !== undefined && blob.leaseId !== proposed)
        throw new Refusal(409, "LeaseAlreadyPresent", "There is already a lease present.");
      blob.leaseId = proposed;
      return { status: 201, text: "", headers: { ...headersOf(blob), "x-ms-lease-id": proposed } };
    }
    case "release":
      if (String(given) !== blob.leaseId)
        throw new Refusal(
          409,
          "LeaseIdMismatchWithLeaseOperation",
          "The lease ID specified did not match the lease ID for the blob.",
        );
      blob.leaseId = undefined;
      return { status: 200, text: "", headers: headersOf(blob) };
    case "break":
      blob.leaseId = undefined;
      return { status: 202, text: "", headers: { ...headersOf(blob), "x-ms-lease-time": "0" } };
    default:
      throw notImitated(`the lease action ${action} of a blob`);
  }
}

const leaseState = ({ leaseId }: Blob): { status: string; state: string } =>
  leaseId === undefined ? { status: "unlocked", state: "available" } : { status: "locked", state: "leased" };

function headersOf(blob: Blob): Record<string, string> {
  const { status, state } = leaseState(blob);
  return {
    ETag: etagOf(blob.bytes),
    "Last-Modified": blob.modified.toUTCString(),
    "x-ms-blob-type": "BlockBlob",
    "x-ms-lease-status": status,
    "x-ms-lease-state": state,
    ...Object.fromEntries(Object.entries(blob.metadata).map(([name, value]) => [`x-ms-meta-${name}`, value])),
  };
}

function metadataIn(headers: Headers): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => {
      const [, field] = /^x-ms-meta-(.+)$/.exec(name) ?? [];
      return field === undefined ? [] : [[field, String(value)]];
    }),
  );
}

const xml = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

function hostOf({ name }: StorageAccount): string {
  return `${name}${domain}`;
}

const etagOf = (bytes: Buffer): string =>
  `"0x${createHash("sha256").update(bytes).digest("hex").slice(0, 15).toUpperCase()}"`;
