import { isDeepStrictEqual } from "node:util";
import { UserError } from "../../lib/processes/user-error";
import { DEPLOYER_LOGIN } from "../../lib/vault-api/vault-connection";
import { isSecretMarker, type SecretMarker, type VaultResource } from "./vault-resource";

/** The provider's version range. Stacks get the same range from constructs/terraform/provider-requirements.ts. */
export const VAULT_PROVIDER = { source: "hashicorp/vault", version: "~> 5.6" } as const;

export interface TerraformConfiguration {
  /** The content of main.tf.json. */
  readonly json: object;
  /** The ephemeral input variables by name, with their values' markers. */
  readonly secrets: ReadonlyMap<string, SecretMarker>;
}

/**
 * Returns the same resources as a separate configuration: provider and login as in the stack, no other provider,
 * local state.
 */
export function terraformConfiguration(
  address: string,
  resources: readonly VaultResource[],
): TerraformConfiguration {
  const secrets = new Map<string, SecretMarker>();
  const resource: Record<string, Record<string, unknown>> = {};
  for (const it of resources) {
    const [type, name, ...more] = it.address.split(".");
    if (type !== it.type || !name || more.length > 0) {
      throw new UserError(`${it.address} is not an address of a resource of type ${it.type}.`);
    }
    const rest = {
      ...(it.dependsOn.length > 0 ? { depends_on: it.dependsOn } : {}),
      ...(it.lifecycle && Object.keys(it.lifecycle).length > 0 ? { lifecycle: it.lifecycle } : {}),
    };
    resource[type] = { ...resource[type], [name]: { ...literals(it.arguments, secrets), ...rest } };
  }
  const json = {
    terraform: {
      required_version: ">= 1.11.0",
      required_providers: { vault: VAULT_PROVIDER },
      backend: { local: { path: "terraform.tfstate" } },
    },
    provider: { vault: [{ address, auth_login_jwt: [DEPLOYER_LOGIN], skip_child_token: true }] },
    ...(secrets.size > 0 ? { variable: variables(secrets) } : {}),
    resource,
  };
  return { json, secrets };
}

function variables(secrets: ReadonlyMap<string, SecretMarker>): object {
  const declaration = { type: "string", ephemeral: true, sensitive: true, nullable: false };
  return Object.fromEntries([...secrets.keys()].map((name) => [name, declaration]));
}

/** Escapes literal texts. A marker becomes a reference to an input variable. */
function literals(
  given: Readonly<Record<string, unknown>>,
  secrets: Map<string, SecretMarker>,
): Record<string, unknown> {
  const literal = (value: unknown): unknown => {
    if (typeof value === "string") return value.replace(/[$%](?=\{)/g, (sign) => sign + sign);
    if (isSecretMarker(value)) return `\${var.${variableFor(value, secrets)}}`;
    if (Array.isArray(value)) return value.map(literal);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, literal(inner)]));
  };
  return literal(given) as Record<string, unknown>;
}

function variableFor(marker: SecretMarker, secrets: Map<string, SecretMarker>): string {
  for (const [name, known] of secrets) if (isDeepStrictEqual(known, marker)) return name;
  const name = `secret_${secrets.size + 1}`;
  secrets.set(name, marker);
  return name;
}
