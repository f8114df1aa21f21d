import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createMessage, generateKey, type PrivateKey, sign } from "openpgp";
import { ZipFile } from "yazl";
import type { ReleaseSource } from "../../../lib/releases/release-source";

/** Creates a key like HashiCorp's: the primary key certifies, and a subkey signs. */
export async function releaseKey(): Promise<{
  privateKey: PrivateKey;
  armored: string;
  fingerprint: string;
}> {
  const { privateKey } = await generateKey({
    userIDs: [{ name: "Test releases" }],
    subkeys: [{ sign: true }],
    format: "object",
  });
  return {
    privateKey,
    armored: privateKey.toPublic().armor(),
    fingerprint: privateKey.getFingerprint().toUpperCase(),
  };
}

export async function zipOf(files: Record<string, string | Buffer>): Promise<Buffer> {
  const zip = new ZipFile();
  for (const [name, content] of Object.entries(files))
    zip.addBuffer(Buffer.from(content), name, { mode: 0o755 });
  zip.end();
  const chunks: Buffer[] = [];
  for await (const chunk of zip.outputStream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** A release server on loopback. A test can change each file. A function answers freely. */
export interface ReleaseServer {
  readonly source: ReleaseSource;
  readonly files: Map<string, Buffer | string | ((response: ServerResponse) => void)>;
  /** The requested paths, in order. */
  readonly requests: string[];
  close(): void;
}

/** Serves a release of Vault with this binary, listed and signed as HashiCorp does. */
export async function releaseServer(
  version: string,
  platform: string,
  vault: string,
): Promise<ReleaseServer> {
  const key = await releaseKey();
  const archive = `vault_${version}_${platform}.zip`;
  const zip = await zipOf({ "LICENSE.txt": "none", vault });
  const sums = `${"0".repeat(64)}  vault_${version}_plan9_386.zip\n${sha256(zip)}  ${archive}\n`;
  const base = `/vault/${version}`;
  const files: ReleaseServer["files"] = new Map<string, Buffer | string>([
    [`${base}/${archive}`, zip],
    [`${base}/vault_${version}_SHA256SUMS`, sums],
    [`${base}/vault_${version}_SHA256SUMS.sig`, await signatureOf(sums, key.privateKey)],
    ["/key.asc", key.armored],
  ]);
  const requests: string[] = [];
  const server = createServer(({ url = "" }, response) => {
    requests.push(url);
    const file = files.get(url);
    if (typeof file === "function") file(response);
    else if (file === undefined) response.writeHead(404).end();
    else response.writeHead(200, { "content-length": Buffer.byteLength(file) }).end(file);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    source: { releasesUrl: origin, keyUrl: `${origin}/key.asc`, fingerprint: key.fingerprint },
    files,
    requests,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

export async function signatureOf(text: string, key: PrivateKey): Promise<Buffer> {
  const message = await createMessage({ binary: Buffer.from(text) });
  return Buffer.from(
    (await sign({ message, signingKeys: key, detached: true, format: "binary" })) as Uint8Array,
  );
}

export function sha256(content: Buffer | string): string {
  return createHash("sha256").update(content).digest("hex");
}
