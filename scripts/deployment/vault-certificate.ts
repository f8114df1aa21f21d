import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { UserError } from "../../lib/processes/user-error";
import type { AzureCli } from "./azure-cli";
import { temporaryFolder } from "./temporary-folder";

const versionsOfCertificate = z.array(
  z.object({
    id: z.string(),
    attributes: z.object({ enabled: z.boolean(), created: z.coerce.date(), expires: z.coerce.date() }),
  }),
);

/**
 * Fetches Vault's certificate (PEM, without the key) from Key Vault, and checks it. Adds the earlier certificate while it is
 * valid, because Vault serves it for up to an hour after a renewal in Key Vault.
 * @throws {UserError} if it cannot be fetched or read, is not valid now, or has another name.
 */
export async function fetchVaultCertificate(az: AzureCli, url: string, address: string): Promise<string> {
  const { hostname } = new URL(address);
  const [pem, idBefore] = await Promise.all([download(az, url), versionBefore(az, url)]);
  const problem = certificateProblem(pem, hostname, new Date());
  if (problem) throw new UserError(`The certificate at ${url} ${problem}`);
  if (!idBefore) return pem;
  const before = await download(az, idBefore);
  return certificateProblem(before, hostname, new Date()) ? pem : `${pem.trimEnd()}\n${before}`;
}

async function download(az: AzureCli, id: string): Promise<string> {
  const folder = temporaryFolder();
  try {
    const file = join(folder.path, "vault.pem");
    await az.run("keyvault", "certificate", "download", "--id", id, "--encoding", "PEM", "--file", file);
    return await readFile(file, "utf8").catch(() => "");
  } finally {
    folder.remove();
  }
}

/** Returns only the newest version if the login cannot list the versions. */
async function versionBefore(az: AzureCli, url: string): Promise<string | undefined> {
  const listed = await az.attempt(
    "keyvault",
    "certificate",
    "list-versions",
    "--id",
    url,
    "--output",
    "json",
  );
  if (listed?.code !== 0) return undefined;
  const [, before] = versionsOfCertificate
    .parse(JSON.parse(listed.stdout || "[]"))
    .filter(({ attributes }) => attributes.enabled && attributes.expires > new Date())
    .sort((a, b) => b.attributes.created.getTime() - a.attributes.created.getTime());
  return before?.id;
}

/** Returns the reason why a client must not trust a certificate for a host. Undefined if it can. */
export function certificateProblem(pem: string, host: string, now: Date): string | undefined {
  const certificate = parse(pem);
  if (!certificate) return "cannot be read. Look at it in Key Vault, and renew it there.";
  if (new Date(certificate.validTo) <= now) {
    return `expired on ${certificate.validTo}. Renew it in Key Vault. Vault serves the new one within the hour.`;
  }
  if (new Date(certificate.validFrom) > now) {
    return `is valid from ${certificate.validFrom} on. Correct this computer's clock.`;
  }
  if (certificate.checkHost(host, { subject: "never" }) === undefined) {
    return `is for ${certificate.subjectAltName ?? "no name"}, not for ${host}. Deploy vault-server again, or import a certificate with that name.`;
  }
  return undefined;
}

function parse(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}
