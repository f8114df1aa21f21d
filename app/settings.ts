import { readFileSync } from "node:fs";
import { z } from "zod";
import { missingPaths } from "./needed-paths";

/** The proxy on the way to servers, from the environment. */
export interface ProxySettings {
  /** HTTPS_PROXY. */
  https?: string;
  /** NO_PROXY. */
  except?: string;
}

/** The keys and the engine for the encryption of fields. They depend on the paths in Vault that the workload may use. */
export interface EncryptionSettings {
  transitMount: string;
  /** Encrypts and hashes the customers in the list. */
  key: string;
  /** Encrypts removed customers. Undefined if the workload may not use it: then removed customers are lost. */
  archiveKey?: string;
  /** Role of the transform engine: Vault Enterprise only. */
  transformRole?: string;
}

/** The application logs in to Vault itself, with the identity that App Service gives it. */
export interface VaultSettings {
  way: "vault";
  address: string;
  /** Certificates that verify Vault's certificate, PEM. Without them, the system's roots count. */
  caPem?: string;
  /** Address of the renewed certificate in Key Vault. */
  certificateUrl?: string;
  authMount: string;
  role: string;
  /** Resource of the identity's token. */
  tokenResource: string;
  identity: { endpoint: string; header: string };
  database?: { host: string; port: number; name: string; credentialsPath: string };
  /** Paths in Vault that the application needs and the workload may not use. */
  missingPaths: readonly string[];
  encryption: EncryptionSettings;
  proxy: ProxySettings;
  rootsPem?: string;
}

/** Vault Agent logs in, and renders a file with the rest. */
export interface AgentSettings {
  way: "agent";
  configFile: string;
  rootsPem?: string;
}

export type Settings = VaultSettings | AgentSettings;

/** Settings that can never work: a sentence each. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";

  constructor(readonly problems: readonly string[]) {
    super(`The application's settings cannot be used:\n${problems.map((line) => `  - ${line}`).join("\n")}`);
  }
}

const required = z
  .string("is missing; the stack web-app sets it.")
  .min(1, "is empty; the stack web-app sets it.");
const url = required.pipe(z.url("is not an address. Write it as https://host:port."));
const port = z.coerce.number().int().min(1).max(65535);

const environmentSettings = z.object({
  VAULT_ADDR: url,
  VAULT_CACERT_BYTES: z
    .string()
    .includes("-----BEGIN CERTIFICATE-----", { message: "is not a certificate in PEM." })
    .optional(),
  VAULT_CERTIFICATE_URL: url.optional(),
  VAULT_AUTH_MOUNT: z.string().default("jwt"),
  VAULT_ROLE: required,
  VAULT_TOKEN_RESOURCE: required,
  VAULT_PATHS: z.string().default(""),
  VAULT_DATABASE_CREDENTIALS_PATH: z.string().optional(),
  IDENTITY_ENDPOINT: z.url("is missing; App Service sets it where the web app has an identity."),
  IDENTITY_HEADER: z.string("is missing; App Service sets it where the web app has an identity.").min(1),
  MYSQL_HOST: z.string().optional(),
  MYSQL_PORT: port.default(3306),
  MYSQL_DATABASE: z.string().optional(),
});

/**
 * APP_CONFIG_FILE names the file that Vault Agent renders. Without it, the VAULT_ and MYSQL_ settings of App Service count.
 * @throws {SettingsError}
 */
export function readSettings(environment: NodeJS.ProcessEnv): Settings {
  // SSL_CERT_FILE has the system's roots for every program. Without it, Node's own roots count.
  const rootsPem = environment.SSL_CERT_FILE ? readRoots(environment.SSL_CERT_FILE) : undefined;
  if (environment.APP_CONFIG_FILE) {
    return { way: "agent", configFile: environment.APP_CONFIG_FILE, rootsPem };
  }
  const { data, error } = environmentSettings.safeParse(environment);
  if (!data) throw new SettingsError(error.issues.map(({ path, message }) => `${path.join(".")} ${message}`));
  const { MYSQL_HOST, MYSQL_DATABASE, VAULT_DATABASE_CREDENTIALS_PATH } = data;
  return {
    way: "vault",
    address: data.VAULT_ADDR.replace(/\/$/, ""),
    caPem: data.VAULT_CACERT_BYTES,
    certificateUrl: data.VAULT_CERTIFICATE_URL,
    authMount: data.VAULT_AUTH_MOUNT,
    role: data.VAULT_ROLE,
    tokenResource: data.VAULT_TOKEN_RESOURCE,
    identity: { endpoint: data.IDENTITY_ENDPOINT, header: data.IDENTITY_HEADER },
    ...(MYSQL_HOST &&
      MYSQL_DATABASE &&
      VAULT_DATABASE_CREDENTIALS_PATH && {
        database: {
          host: MYSQL_HOST,
          port: data.MYSQL_PORT,
          name: MYSQL_DATABASE,
          credentialsPath: VAULT_DATABASE_CREDENTIALS_PATH,
        },
      }),
    missingPaths: missingPaths(data.VAULT_PATHS.split(",")),
    encryption: encryptionFor(data.VAULT_PATHS.split(",")),
    proxy: {
      https: environment.HTTPS_PROXY ?? environment.https_proxy,
      except: environment.NO_PROXY ?? environment.no_proxy,
    },
    rootsPem,
  };
}

function readRoots(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new SettingsError([`SSL_CERT_FILE cannot be read (${(error as NodeJS.ErrnoException).code}).`]);
  }
}

const customerKey = "customer-key";
const archiveKey = "archive-key";
const transformRole = "customer";

function encryptionFor(paths: readonly string[]): EncryptionSettings {
  return {
    transitMount: "transit",
    key: customerKey,
    ...(paths.includes(`transit/encrypt/${archiveKey}`) && { archiveKey }),
    ...(paths.includes(`transform/encode/${transformRole}`) && { transformRole }),
  };
}

const rendered = z.object({
  database: z.object({
    host: z.string().min(1),
    port: port.default(3306),
    name: z.string().min(1),
    user: z.string().min(1),
    password: z.string().min(1),
    lease: z
      .object({ id: z.string(), seconds: z.number(), renewable: z.boolean() })
      .default({ id: "", seconds: 0, renewable: false }),
  }),
  vault: z.object({
    address: z.url({ protocol: /^unix$/ }),
    transit: z.record(z.string(), z.object({ encrypt: z.string(), decrypt: z.string() })),
    transform: z.object({ role: z.string() }).optional(),
  }),
});

/** The file that Vault Agent renders from cloud-init/agent-vm/files/etc/vault-agent.d/app-config.json.ctmpl. */
export type RenderedConfiguration = z.infer<typeof rendered>;

/** @throws {SettingsError} that quotes no text, because the text holds a password */
export function readRenderedConfiguration(text: string): RenderedConfiguration {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new SettingsError(["the file that Vault Agent renders is not complete JSON"]);
  }
  const { data, error } = rendered.safeParse(json);
  if (!data)
    throw new SettingsError(
      error.issues.map(({ path }) => `${path.join(".")} is missing or not of its kind`),
    );
  return data;
}

export function renderedEncryption({ vault }: RenderedConfiguration): EncryptionSettings {
  const transitMount = vault.transit[customerKey]?.encrypt.split("/encrypt/")[0] ?? "transit";
  return {
    transitMount,
    key: customerKey,
    ...(vault.transit[archiveKey] && { archiveKey }),
    ...(vault.transform && { transformRole: vault.transform.role }),
  };
}
