import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { waitFor } from "../../../lib/processes/wait-for";
import { VaultClient } from "../../../lib/vault-api/vault-client";
import type { VaultConnection } from "../../../lib/vault-api/vault-connection";
import type { Machine } from "../../../sandbox/machine/machine";
import type { Sandbox } from "../../../sandbox/system/sandbox";
import { listeners } from "../machine/listeners";

export const FIRST_BOOT = "vault-first-boot.service";
export const VAULT = "vault.service";
export const CERTIFICATE = "vault-certificate.service";

/** Deadline of a wait on a busy machine, in milliseconds. */
export const deadlineMs = 120_000;

/** The messages of first boot after each of its steps, in order. */
export const steps = [
  "proof: Entra's keys",
  "proof: the recovery keys can be written",
  "init: done",
  "recovery keys: stored",
  "root token: the initial one is revoked",
  "audit: every request is logged",
  "logins: the mounts exist",
  "machine: this VM may log in",
  "access: deployers and recovery key readers may log in",
  "root token: revoked, none is left",
  "vault-first-boot: complete",
] as const;

/** Gives the VM a new data disk without a Vault, so its next boot is a first boot. */
export async function replaceDataDisk(machine: Machine): Promise<void> {
  await machine.powerOff();
  rmSync(machine.path("/var/lib/vault"), { recursive: true });
}

/** Boots, and waits until first boot is over. */
export async function bootToTheEnd(machine: Machine): Promise<void> {
  await machine.boot();
  await untilFirstBootEnds(machine);
}

/** Waits until first boot is complete and clients can connect: HAProxy starts only after first boot. */
export async function untilFirstBootEnds(machine: Machine): Promise<void> {
  await machine.untilActive(FIRST_BOOT, { deadlineMs });
  await untilOpen(machine);
}

/** Returns a function with the unit's future output. */
export function outputFromNow(machine: Machine, unit: string): () => string {
  const before = machine.output(unit).length;
  return () => machine.output(unit).slice(before);
}

/** Waits until a unit prints a text, and returns at that moment. */
export async function untilSaid(output: () => string, text: string): Promise<void> {
  await waitFor(`"${text}"`, () => output().includes(text), { deadlineMs, intervalMs: 2 });
}

/** Returns the listeners of this computer's programs on the machine's addresses, as host:port, sorted. */
export function listenersOf({ address, loopback }: Machine): string[] {
  return listeners()
    .filter(({ host }) => host === address || host === loopback)
    .map(({ host, port }) => `${host}:${port}`)
    .sort();
}

/** Returns all ports that must be open after first boot. Behind HAProxy, Vault's port for other nodes stays on loopback. */
export function openListeners(machine: Machine): string[] {
  const { address, loopback } = machine;
  const hasFront = existsSync(machine.path("/etc/vault.d/front.cfg"));
  const forNodes = hasFront ? [loopback] : [address, loopback];
  return [`${address}:8200`, `${loopback}:8200`, ...forNodes.map((host) => `${host}:8201`)].sort();
}

/** Waits until these ports are open and no others, because HAProxy starts after first boot. */
export async function untilOpen(machine: Machine): Promise<void> {
  const open = openListeners(machine);
  await waitFor(
    `${open.join(", ")} to be open, and no other port of the machine`,
    () => {
      const now = listenersOf(machine);
      if (isDeepStrictEqual(now, open)) return true;
      throw new Error(`open are ${now.join(", ") || "none"}`);
    },
    { deadlineMs },
  );
}

/** Returns the number of Vaults that were initialized, from Vault's own log. */
export function initsIn(vaultOutput: string): number {
  return vaultOutput.match(/core: security barrier initialized/g)?.length ?? 0;
}

/** Returns the place of the recovery keys in the VM's user data. */
export function recoverySecretOf(machine: Machine): { keyVault: string; name: string } {
  const text = readFileSync(machine.path("/etc/vault.d/vault.env"), "utf8");
  const [, keyVault = "", name = ""] =
    /^RECOVERY_KEYS_SECRET_URL=.?https:\/\/([^.]+)\.[^/]+\/secrets\/([\w-]+)/m.exec(text) ?? [];
  return { keyVault, name };
}

interface RecoveryKeys {
  recovery_shares: number;
  recovery_threshold: number;
  recovery_keys_base64: string[];
}

/** Returns the newest recovery keys in Key Vault. */
export function storedKeys({ azure, vault }: Sandbox): RecoveryKeys {
  const { keyVault, name } = recoverySecretOf(vault);
  return JSON.parse(azure.keyVault(keyVault).secret(name) ?? "") as RecoveryKeys;
}

/** Returns Vault as a program on its machine reaches it: on loopback, without HAProxy. */
export function localConnection({
  vault,
  vaultServerName,
}: Pick<Sandbox, "vault" | "vaultServerName">): Omit<VaultConnection, "jwt"> {
  const ofFront = vault.path("/run/vault-front/current/tls.crt");
  return {
    address: `https://${vault.loopback}:8200`,
    caFile: existsSync(ofFront) ? ofFront : vault.path("/run/vault-tls/current/tls.crt"),
    tlsServerName: vaultServerName,
  };
}

/**
 * Creates a root token with recovery keys. Returns undefined if Vault needs more of them. Before Vault 2.0, everybody on its machine can do this.
 *
 * Source: Vault's documentation, api-docs/system/generate-root.
 */
export async function rootTokenBy(
  sandbox: Sandbox,
  keys: readonly string[],
  vault = new VaultClient(localConnection(sandbox)),
): Promise<string | undefined> {
  const { nonce, otp } = await vault.request({ method: "PUT", path: "sys/generate-root/attempt", body: {} });
  let token: string | undefined;
  for (const key of keys) {
    const body = { key, nonce };
    const { encoded_token: encoded, complete } = await vault.request({
      method: "PUT",
      path: "sys/generate-root/update",
      body,
    });
    if (complete) token = exclusiveOr(Buffer.from(String(encoded), "base64"), Buffer.from(String(otp)));
  }
  if (token === undefined) await vault.request({ method: "DELETE", path: "sys/generate-root/attempt" });
  return token;
}

function exclusiveOr(a: Buffer, b: Buffer): string {
  return Buffer.from(a.map((byte, index) => byte ^ (b[index] ?? 0))).toString();
}

/** Expects that the stored recovery keys belong to the running Vault, because a threshold of them creates a root token. */
export async function recoveryKeysWork(sandbox: Sandbox): Promise<boolean> {
  const { recovery_keys_base64: keys, recovery_threshold: threshold } = storedKeys(sandbox);
  const token = await rootTokenBy(sandbox, keys.slice(0, threshold));
  if (token === undefined) return false;
  const root = new VaultClient(sandbox.vaultConnection(), token);
  const { policies } = await root.request({ method: "GET", path: "auth/token/lookup-self" });
  await root.logOut();
  return JSON.stringify(policies) === '["root"]';
}

/** Returns the sets of recovery keys that the VM has stored in Key Vault, oldest first, without repetition. */
export function storedKeySets({ azure, vault }: Sandbox): string[] {
  const { keyVault, name } = recoverySecretOf(vault);
  const versions = azure
    .keyVault(keyVault)
    .secretVersions(name)
    .filter((value) => value.startsWith("{"));
  return [
    ...new Set(versions.map((value) => (JSON.parse(value) as RecoveryKeys).recovery_keys_base64.join())),
  ];
}

/** Returns the ids of all processes. */
export function processIds(): string[] {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name));
}

/**
 * Returns the current arguments and environments of all processes of this user that a VM started.
 * @param others ids of processes that the VM did not start. To read them, too, takes most of the time.
 */
export function processTexts({ environment }: Machine, others = new Set<string>()): string[] {
  const mark = `TMPDIR=${environment["TMPDIR"]}`;
  return processIds()
    .filter((pid) => !others.has(pid))
    .map((pid) => [textOf(`/proc/${pid}/cmdline`), textOf(`/proc/${pid}/environ`)])
    .filter(([, environ]) => environ?.split("\0").includes(mark))
    .map((texts) => texts.join("\0"));
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return ""; // the process has just ended
  }
}
