import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../../lib/processes/user-error";
import type { AzureCli } from "./azure-cli";
import { temporaryFolder } from "./temporary-folder";

/**
 * Fetches the public half of Vault's certificate from Key Vault, PEM, and checks it.
 * @throws {UserError} when it cannot be fetched, cannot be read, is not valid now, or is for another name.
 */
export async function fetchVaultCertificate(az: AzureCli, url: string, address: string): Promise<string> {
  const folder = temporaryFolder();
  try {
    const file = join(folder.path, "vault.pem");
    await az.run("keyvault", "certificate", "download", "--id", url, "--encoding", "PEM", "--file", file);
    const pem = await readFile(file, "utf8").catch(() => "");
    const problem = certificateProblem(pem, new URL(address).hostname, new Date());
    if (problem) throw new UserError(`The certificate at ${url} ${problem}`);
    return pem;
  } finally {
    folder.remove();
  }
}

/** Why a client must not trust a certificate for a host; undefined when it may. */
export function certificateProblem(pem: string, host: string, now: Date): string | undefined {
  const certificate = parse(pem);
  if (!certificate) return "cannot be read; look at it in Key Vault, and renew it there.";
  if (new Date(certificate.validTo) <= now) {
    return `expired on ${certificate.validTo}; renew it in Key Vault, and Vault takes the new one within the hour.`;
  }
  if (new Date(certificate.validFrom) > now) {
    return `is valid from ${certificate.validFrom} on; set this computer's clock right.`;
  }
  if (certificate.checkHost(host, { subject: "never" }) === undefined) {
    return `is for ${certificate.subjectAltName ?? "no name"}, not for ${host}; deploy vault-server again, or bring a certificate with that name.`;
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
