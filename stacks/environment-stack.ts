import { TerraformStack } from "cdktf";
import type { Construct } from "constructs";
import { type ProviderName, requireProviders } from "../constructs/terraform/provider-requirements";
import { useStateBackend } from "../constructs/terraform/state-backend";
import { tagEveryResource } from "../constructs/terraform/tags";
import type { Environment } from "../environments/schema";

/** The base of all stacks: its own state, the providers' version ranges and tags. */
export abstract class EnvironmentStack extends TerraformStack {
  constructor(scope: Construct, id: string, environment: Environment, providers: readonly ProviderName[]) {
    super(scope, id);
    useStateBackend(this, environment);
    requireProviders(this, providers);
    const { name, tags, tagsFromPolicy } = environment;
    tagEveryResource(this, { ...tags, environment: name, project: "vault-on-azure" }, tagsFromPolicy);
  }
}
