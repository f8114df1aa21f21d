import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import type { AzureSetup } from "./azure-setup";

const issuer = "https://token.actions.githubusercontent.com";
/** In each of Azure's clouds, because azurerm and scripts/deployment/federated-login.ts request it. */
const audiences = ["api://AzureADTokenExchange"];

const identity = z.object({ name: z.string(), clientId: z.string(), principalId: z.string() });

const credentials = z.array(
  z.object({
    name: z.string(),
    issuer: z.string(),
    subject: z.string(),
    audiences: z.array(z.string()),
  }),
);

/** A user-assigned identity of a pipeline. */
export class PipelineIdentity {
  readonly clientId: string;
  /** Object id of its service principal. */
  readonly objectId: string;

  private constructor(
    private readonly azure: AzureSetup,
    private readonly group: string,
    private readonly name: string,
    { clientId, principalId }: z.infer<typeof identity>,
  ) {
    this.clientId = clientId;
    this.objectId = principalId;
  }

  /** The identity of that name in a resource group. Creates it if it does not exist. */
  static async ensure(
    azure: AzureSetup,
    group: string,
    name: string,
    location: string,
  ): Promise<PipelineIdentity> {
    const all = await azure.read(
      `look for the identity ${name}`,
      z.array(identity),
      ...["identity", "list", "--resource-group", group],
    );
    const found = all.find((one) => one.name === name);
    const created =
      found ??
      (await azure.read(
        `create the identity ${name}`,
        identity,
        ...["identity", "create", "--name", name, "--resource-group", group, "--location", location],
      ));
    azure.say(found ? `Identity ${name} already exists.` : `Created identity ${name}.`);
    return new PipelineIdentity(azure, group, name, created);
  }

  /**
   * Lets GitHub's jobs with these subjects log in as the identity, and nobody else: deletes every other federated credential, such as
   * one for pull requests.
   * @param subjects subjects of tokens by the name of their federated credential
   */
  async trustOnly(subjects: Readonly<Record<string, string>>): Promise<void> {
    const of = ["--identity-name", this.name, "--resource-group", this.group];
    const credential = ["identity", "federated-credential"];
    const found = await this.azure.read(
      `read the federated credentials of ${this.name}`,
      credentials,
      ...[...credential, "list", ...of],
    );
    for (const [name, subject] of Object.entries(subjects)) {
      const trusted = found.find((one) => one.name === name);
      if (trusted && isDeepStrictEqual({ ...trusted }, { name, issuer, subject, audiences })) {
        this.azure.say(`  already trusts ${subject}`);
        continue;
      }
      const rule = ["--name", name, "--issuer", issuer, "--subject", subject, "--audiences", ...audiences];
      const verb = trusted ? "update" : "create";
      await this.azure.change(`let ${this.name} trust GitHub`, ...credential, verb, ...of, ...rule);
      this.azure.say(`  now trusts ${subject}`);
    }
    for (const { name } of found.filter((one) => !(one.name in subjects))) {
      const what = `delete the federated credential ${name} of ${this.name}`;
      await this.azure.change(what, ...credential, "delete", ...of, "--name", name, "--yes");
      this.azure.say(`  deleted the federated credential ${name}`);
    }
  }
}
