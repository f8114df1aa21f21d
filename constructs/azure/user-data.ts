import { gzipSync } from "node:zlib";
import { Fn, TerraformLocal } from "cdktf";
import { Construct } from "constructs";
import { EnvironmentError } from "../../environments/environment-error";

/**
 * Azure's limit in bytes before base64 (87380 characters after it). Source: Azure, VM user data; the error that names
 * the limit.
 */
const longest = 65_535;

/** Bytes reserved for each reference's value. Ids and URLs have a few hundred characters at most. */
const perReference = 300;

/**
 * A VM's user data in base64. A local value holds the cloud-config as text, so that the synthesized JSON shows it and
 * Terraform fills in the references. The user data is compressed, because Azure accepts only 64 KB. cloud-init
 * decompresses it. Source: cloud-init's documentation, user data formats.
 *
 * @throws {EnvironmentError} when the user data is larger than Azure's limit
 */
export class UserData extends Construct {
  readonly base64: string;

  constructor(scope: Construct, id: string, cloudConfig: string) {
    super(scope, id);
    const references = cloudConfig.match(/\$\{/g)?.length ?? 0;
    const bytes = gzipSync(cloudConfig).length + references * perReference;
    if (bytes > longest) {
      throw new EnvironmentError("The environment file", [
        `(file): results in user data of up to ${bytes} bytes for ${scope.node.path}. Azure accepts ${longest}. Name fewer deployers, recovery key readers, paths or keys.`,
      ]);
    }
    this.base64 = Fn.base64gzip(new TerraformLocal(this, "text", cloudConfig).expression);
  }
}
