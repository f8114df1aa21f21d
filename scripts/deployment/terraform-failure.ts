import { loadEnvironment } from "../../environments/load";
import { knownAzureCause } from "./azure-error";
import { otherNameCommand, stackCommand } from "./stack-command";

/** The environment and stack on which Terraform ran. */
interface Subject {
  readonly environment: string;
  readonly stack: string;
}

/** Vault's error, which its provider passes on. The group is the mount. */
export const mountInUse = /path is already in use at ([^\s,]+?)\/?(?=[\s,]|$)/;

/** The same for an audit device. Vault's error does not name it, but the provider's message has the URL. */
export const auditDeviceInUse = /\/v1\/sys\/audit\/(\S+) .*?\* path already in use/;

/** azurerm's error for a resource that is not in the state. The group is its id. */
export const existingResource = /a resource with the ID "([^"]+)" already exists/i;

/** The meaning of Terraform's errors for the deployer, and the cure. */
const causes: readonly (readonly [RegExp, (subject: Subject, output: string) => string])[] = [
  [
    /Error 1045 \(28000\)|error verifying - (?:connection|ping): .*Access denied for user/,
    ({ environment }) =>
      `MySQL refuses Vault's password of the administrator. Either Vault was interrupted while it changed the password, or vault-config was deleted and created again. ${newPassword(environment)}`,
  ],
  [
    /audit backend .* already registered/,
    ({ environment }) =>
      `A request for an audit device was interrupted, so Vault has a device that it does not list. It lists or forgets it at its next start. Restart the leader's VM (\`az vm restart\`; \`scripts/status ${environment}\` names the leader), and run the same command again.`,
  ],
  [
    mountInUse,
    ({ environment }, output) => {
      const mount = mountInTheWay(output);
      const kind = unfolded(output).includes(`/v1/sys/auth/${mount} `) ? "auth" : "secrets";
      const disable = `log in as docs/deploy.md says ("Use Vault"), run \`vault ${kind} disable ${mount}\`, and then \`scripts/deploy ${environment}\``;
      return mount === "database"
        ? `Vault still has the mount database, which the state does not know. If it could not be deleted because MySQL was away: start MySQL (\`az mysql flexible-server start\`), and run \`scripts/deploy ${environment}\`, which deletes it. Otherwise ${disable}.`
        : `Vault already has the mount ${mount}, which the state does not know. If nobody needs its content: ${disable}.`;
    },
  ],
  [
    /Error acquiring the state lock/,
    ({ environment, stack }, output) => {
      const [id, who, created] = ["ID", "Who", "Created"].map(
        (field) => new RegExp(`^\\W*${field}:\\s+(.*\\S)`, "m").exec(output)?.[1] ?? "?",
      );
      return `The state of ${stack} is locked by ${who} since ${created}. If that run is over, release the lock with \`${stackCommand(environment, stack, `force-unlock ${id}`)}\`, and run the same command again.`;
    },
  ],
  [
    existingResource,
    (_, output) =>
      `${existingResource.exec(unfolded(output))?.[1]} exists already, but not in the state. Delete it if nobody needs it, or import it (docs/deploy.md).`,
  ],
  [
    /VaultAlreadyExists|NameAlreadyExists|is already in use|DnsRecordInUse|WebsiteAlreadyExists|ServerNameAlreadyExists/,
    ({ environment, stack }) =>
      `Somebody else's resource has a name that ${stack} chose. Choose another name with \`${otherNameCommand(environment, stack)}\`, and run the same command again.`,
  ],
  [
    /Instance cannot be destroyed|prevent_destroy/,
    () =>
      "Terraform would destroy resources that protectData protects. Undo the change that causes this, or set protectData to false in the environment file and deploy first.",
  ],
  [
    /ScopeLocked/,
    () =>
      "A lock in Azure forbids the deletion. Set protectData to false in the environment file and deploy, which deletes the project's own locks.",
  ],
  [
    /Backend configuration changed|migrate your state/,
    ({ environment, stack }) =>
      `The state of ${stack} was in another place when this folder was last used. Run \`scripts/migrate-state ${environment}\` (docs/pipeline.md), which moves the remaining states.`,
  ],
  [
    /Unable to find remote state|No stored state was found/,
    ({ stack }) =>
      `A stack that ${stack} needs is not deployed yet. Deploy without --stack, or deploy that stack first.`,
  ],
  [
    /InUseSubnetCannotBeDeleted|serviceAssociationLinks/,
    (_, output) => subnetsAreHeld(/Subnet (\S+) is in use/.exec(unfolded(output))?.[1] ?? "a subnet"),
  ],
  [
    /the Resource Group still contains Resources|still contains Resources/,
    ({ environment }, output) => {
      const ids = [...unfolded(output).matchAll(/`?(\/subscriptions\/[^`]+?\/providers\/[^`*]+?)`/g)];
      const kept = ids.map(([, id]) => id).join(", ");
      return `A resource group still contains resources that no stack of ${environment} created${kept ? ` (${kept})` : ""}. Delete them if nobody needs them (\`az resource delete --ids ID\`), and run the same command again.`;
    },
  ],
];

/** Returns the existing mount in Vault that Terraform could not create. */
export function mountInTheWay(output: string): string | undefined {
  return mountInUse.exec(unfolded(output))?.[1];
}

/** Returns the instruction that gives Vault and MySQL the same password again. */
export function newPassword(environment: string): string {
  const next = loadEnvironment(environment).mysql.passwordVersion + 1;
  return `Set mysql.passwordVersion in environments/${environment}.json to ${next}, and run \`scripts/deploy ${environment}\`, which sets a new password in both.`;
}

/** Returns a sentence with the cause and cure of Terraform's failure. Undefined for an unknown cause. */
export function knownTerraformCause(subject: Subject, output: string): string | undefined {
  const text = unfolded(output);
  for (const [pattern, sentence] of causes) if (pattern.test(text)) return sentence(subject, output);
  return knownAzureCause(text);
}

/** Returns the same sentence as `knownTerraformCause`. For an unknown cause, it contains Terraform's own words. */
export function terraformFailure(subject: Subject, output: string): string {
  const known = knownTerraformCause(subject, output);
  if (known) return known;
  const [, error] = /Error: ([\s\S]*)/.exec(output) ?? [];
  const words = unfolded(error ?? output.split("\n").filter(Boolean).slice(-3).join(" "));
  return `Terraform failed with ${subject.stack}: ${words.slice(0, 700).trim() || "it gave no reason"}. Correct that, and run the same command again.`;
}

/** Returns the text on one line. Terraform wraps its messages at the terminal's width. */
export function unfolded(text: string): string {
  return text.replaceAll(/[\s│╷╵]+/g, " ");
}

/** Returns the instruction for subnets that App Service or MySQL does not release. Source: azurerm issues 15032, 28979 and 30011. */
export function subnetsAreHeld(names: string): string {
  return `Azure still holds ${names}, although its content is deleted. App Service and MySQL release their subnets late. Run the same command again in some minutes. After an hour, ask Azure's support to remove the service association link.`;
}
