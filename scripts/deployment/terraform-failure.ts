import { loadEnvironment } from "../../environments/load";
import { knownAzureCause } from "./azure-error";
import { otherNameCommand, stackCommand } from "./stack-command";

/** What Terraform worked on. */
interface Subject {
  readonly environment: string;
  readonly stack: string;
}

/** What Terraform's errors mean for the person who deploys, and the cure. */
const causes: readonly (readonly [RegExp, (subject: Subject, output: string) => string])[] = [
  [
    /Error 1045 \(28000\)|error verifying - (?:connection|ping): .*Access denied for user/,
    ({ environment }) =>
      `MySQL refuses the administrator's password that Vault has: Vault was interrupted while it changed it, or vault-config was taken away and is new. ${newPassword(environment)}`,
  ],
  [
    /path is already in use at (\w+)\//,
    ({ environment }, output) => {
      const mount = mountInTheWay(output);
      const disable = `log in as docs/deploy.md says ("Use Vault"), run \`vault secrets disable ${mount}\`, and then \`scripts/deploy ${environment}\``;
      return mount === "database"
        ? `Vault still has the mount database, which the state does not know. If it could not be taken away because MySQL was away: start MySQL (\`az mysql flexible-server start\`), and run \`scripts/deploy ${environment}\`, which takes it away. Otherwise ${disable}.`
        : `Vault has the mount ${mount} already, which the state does not know. If nothing needs what is in it: ${disable}.`;
    },
  ],
  [
    /Error acquiring the state lock/,
    ({ environment, stack }, output) => {
      const [id, who, created] = ["ID", "Who", "Created"].map(
        (field) => new RegExp(`^\\W*${field}:\\s+(.*\\S)`, "m").exec(output)?.[1] ?? "?",
      );
      return `The state of ${stack} is locked by ${who} since ${created}; if that run is over, give the lock back with \`${stackCommand(environment, stack, `force-unlock ${id}`)}\`, and run the same command again.`;
    },
  ],
  [
    /a resource with the ID "([^"]+)" already exists/i,
    (_, output) =>
      `${/a resource with the ID "([^"]+)" already exists/i.exec(unfolded(output))?.[1]} exists already, but not in the state; delete it if nothing needs it, or import it (docs/deploy.md).`,
  ],
  [
    /VaultAlreadyExists|NameAlreadyExists|is already in use|DnsRecordInUse|WebsiteAlreadyExists|ServerNameAlreadyExists/,
    ({ environment, stack }) =>
      `A name that ${stack} chose is taken by somebody else's resource; have another chosen with \`${otherNameCommand(environment, stack)}\`, and run the same command again.`,
  ],
  [
    /Instance cannot be destroyed|prevent_destroy/,
    () =>
      "Terraform would destroy what protectData protects; undo the change that asks for it, or set protectData to false in the environment file and deploy first.",
  ],
  [
    /ScopeLocked/,
    () =>
      "A lock in Azure forbids the deletion; set protectData to false in the environment file and deploy, which takes the project's own locks away.",
  ],
  [
    /Backend configuration changed|migrate your state/,
    ({ environment, stack }) =>
      `The state of ${stack} was kept elsewhere when this folder was last used; run \`scripts/migrate-state ${environment}\` (docs/pipeline.md), which moves what is not moved yet.`,
  ],
  [
    /Unable to find remote state|No stored state was found/,
    ({ stack }) =>
      `A stack that ${stack} needs is not deployed yet; deploy without --stack, or that one first.`,
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
      return `A resource group still holds what no stack of ${environment} made${kept ? ` (${kept})` : ""}; delete it if nobody needs it (\`az resource delete --ids ID\`), and run the same command again.`;
    },
  ],
];

/** The mount of Vault that kept Terraform from making it. */
export function mountInTheWay(output: string): string | undefined {
  return /path is already in use at (\w+)\//.exec(unfolded(output))?.[1];
}

/** What gives Vault and MySQL one password again. */
export function newPassword(environment: string): string {
  const next = loadEnvironment(environment).mysql.passwordVersion + 1;
  return `Set mysql.passwordVersion in environments/${environment}.json to ${next}, and run \`scripts/deploy ${environment}\`, which has a new password made for both.`;
}

/** Why Terraform failed, in a sentence with the cure; its own words where the cause is not known. */
export function terraformFailure(subject: Subject, output: string): string {
  const text = unfolded(output);
  for (const [pattern, sentence] of causes) if (pattern.test(text)) return sentence(subject, output);
  const known = knownAzureCause(text);
  if (known) return known;
  const [, error] = /Error: ([\s\S]*)/.exec(output) ?? [];
  const words = unfolded(error ?? output.split("\n").filter(Boolean).slice(-3).join(" "));
  return `Terraform failed with ${subject.stack}: ${words.slice(0, 700).trim() || "it gave no reason"}. Mend that, and run the same command again.`;
}

/** On one line: Terraform folds its messages to the terminal's width. */
export function unfolded(text: string): string {
  return text.replaceAll(/[\s│╷╵]+/g, " ");
}

/** What to do about subnets that App Service or MySQL does not let go of. Source: azurerm issues 15032, 28979 and 30011. */
export function subnetsAreHeld(names: string): string {
  return `Azure holds ${names}, although what was in it is deleted: App Service and MySQL release their subnets late. Run the same command again in some minutes; after an hour, ask Azure's support to remove the service association link.`;
}
