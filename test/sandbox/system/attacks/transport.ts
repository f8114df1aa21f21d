import type { SecureVersion } from "node:tls";
import { connectTo } from "../vault-caller";
import type { Attack, Scene } from "./scene";

/** Attacks on the connection to Vault. A connection that fails has status 0. */
export const transport: readonly Attack[] = [
  ["plain HTTP", /^0 no answer$/, plainHttp],
  ["TLS 1.0", /^0 .*(protocol version|handshake)/i, (scene) => handshake(scene, oldTls("TLSv1"))],
  ["TLS 1.1", /^0 .*(protocol version|handshake)/i, (scene) => handshake(scene, oldTls("TLSv1.1"))],
  [
    "a weak cipher",
    /^0 .*handshake failure/i,
    (scene) => handshake(scene, { maxVersion: "TLSv1.2", ciphers: "AES128-SHA:@SECLEVEL=0" }),
  ],
  [
    "Vault under another name",
    /^0 .*altnames/i,
    (scene) => handshake(scene, { servername: "vault.attacker.example" }),
  ],
  [
    "Vault by a certificate that no known CA signed",
    /^0 .*self.signed/i,
    (scene) => handshake(scene, { ca: [] }),
  ],
  [
    "Vault by the CA that imitates the system's CAs",
    /^0 .*self.signed/i,
    (scene) => handshake(scene, { ca: scene.sandbox.azure.caPem }),
  ],
];

/** OpenSSL supports the old versions only at security level 0. */
function oldTls(version: SecureVersion) {
  return { minVersion: version, maxVersion: version, ciphers: "DEFAULT:@SECLEVEL=0" };
}

async function handshake(scene: Scene, tls: object) {
  return scene
    .vault({ path: "sys/health", tls })
    .catch(({ message, code = "" }: NodeJS.ErrnoException) => ({ status: 0, reason: `${code} ${message}` }));
}

async function plainHttp({ sandbox }: Scene) {
  const socket = await connectTo(sandbox);
  socket.write(
    `GET /v1/sys/health HTTP/1.1\r\nHost: ${new URL(sandbox.vaultAddress).host}\r\nConnection: close\r\n\r\n`,
  );
  let text = "";
  for await (const chunk of socket) text += chunk;
  return { status: Number(/^HTTP\/1.\d (\d+)/.exec(text)?.[1] ?? 0), reason: text || "no answer" };
}
