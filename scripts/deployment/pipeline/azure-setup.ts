import { z } from "zod";
import { UserError } from "../../../lib/processes/user-error";
import { type AzureCli, AzureCliError } from "../azure-cli";
import { isForbidden, knownAzureCause } from "../azure-error";
import { readSubscription } from "../login";

/** Takes a line for the person who runs the script. */
export type Say = (line: string) => void;

/** A role of a principal on a scope. */
export interface RoleAssignment {
  /** Entra object id. */
  readonly principal: string;
  readonly type: "User" | "ServicePrincipal";
  readonly role: string;
  readonly scope: string;
  /** Azure's condition for the use of the role, in version 2.0. */
  readonly condition?: string;
}

const assignments = z.array(
  z.object({
    id: z.string(),
    principalId: z.string(),
    // Null for a deleted role.
    roleDefinitionName: z.string().nullish(),
    condition: z.string().nullish(),
  }),
);

/** The subscription in which a script creates what a pipeline needs. Each method changes only what differs. */
export class AzureSetup {
  private constructor(
    private readonly az: AzureCli,
    readonly say: Say,
    readonly subscriptionId: string,
    readonly tenantId: string,
    /** Rejects when the person interrupts the script. */
    readonly interrupted: Promise<never> | undefined,
  ) {}

  /** @throws {UserError} if nobody is logged in, or if az works in another subscription than ARM_SUBSCRIPTION_ID names */
  static async open(az: AzureCli, say: Say, interrupted?: Promise<never>): Promise<AzureSetup> {
    const { subscriptionId, subscriptionName, tenantId } = await readSubscription(az);
    say(`Subscription: ${subscriptionName} (${subscriptionId})`);
    return new AzureSetup(az, say, subscriptionId, tenantId, interrupted);
  }

  /**
   * Runs a command and reads what it prints.
   * @param what completes "Could not", as in "read the locks"
   * @throws {UserError} when it fails
   */
  read<Schema extends z.ZodType>(
    what: string,
    schema: Schema,
    ...args: readonly string[]
  ): Promise<z.infer<Schema>> {
    return inSentence(what, this.az.json(schema, ...args));
  }

  /** Runs a command for its effect. @throws {UserError} when it fails */
  async change(what: string, ...args: readonly string[]): Promise<void> {
    await inSentence(what, this.az.run(...args, "--output", "none"));
  }

  hasResourceGroup(name: string): Promise<boolean> {
    return this.read(`look for the resource group ${name}`, z.boolean(), "group", "exists", "--name", name);
  }

  async ensureResourceGroup(name: string, location: string): Promise<void> {
    if (await this.hasResourceGroup(name)) {
      this.say(`Resource group ${name} already exists.`);
      return;
    }
    const options = ["--name", name, "--location", location];
    await this.change(`create the resource group ${name}`, "group", "create", ...options);
    this.say(`Created resource group ${name} in ${location}.`);
  }

  async ensureRole({ principal, type, role, scope, condition = "" }: RoleAssignment): Promise<void> {
    const place = scope.slice(scope.lastIndexOf("/") + 1);
    const all = await this.read(
      `read the role assignments on ${scope}`,
      assignments,
      ...["role", "assignment", "list", "--scope", scope],
    );
    const found = all.find((one) => one.principalId === principal && one.roleDefinitionName === role);
    if (found && (found.condition ?? "") === condition) {
      this.say(`  already granted: ${role} on ${place}`);
      return;
    }
    if (found) {
      const what = `remove the role ${role}, whose condition is out of date`;
      await this.change(what, "role", "assignment", "delete", "--ids", found.id);
    }
    const assignee = ["--assignee-object-id", principal, "--assignee-principal-type", type];
    await this.change(
      `assign the role ${role}`,
      ...["role", "assignment", "create", ...assignee, "--role", role, "--scope", scope],
      ...(condition ? ["--condition", condition, "--condition-version", "2.0"] : []),
    );
    this.say(`  granted: ${role} on ${place}`);
  }
}

async function inSentence<T>(what: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof AzureCliError)) throw error;
    throw new UserError(`Could not ${what}: ${reasonAndCure(error.said)}`);
  }
}

function reasonAndCure(said: string): string {
  const lines = said.split("\n");
  const line = lines.find((one) => /error/i.test(one)) ?? lines[0] ?? "";
  const reason = line.replace(/^ERROR: /, "").replace(/\.$/, "");
  if (isForbidden(said))
    return `${reason}. Ask an owner of the subscription to run this script, or for the rights that docs/pipeline.md lists.`;
  return (
    knownAzureCause(said) ??
    `${reason}. Correct that, then run the script again. It continues where it stopped.`
  );
}
