import { gzipSync } from "node:zlib";
import { Fn, TerraformLocal } from "cdktf";
import { Construct } from "constructs";
import { EnvironmentError } from "../../environments/load";

/** Bytes before base64, 87380 characters after it. Source: Azure, VM user data; the error that names the limit. */
const longest = 65_535;

/** Room for what stands behind each reference: ids and URLs of a few hundred characters at most. */
const perReference = 300;

/**
 * A VM's user data: a local value that holds the cloud-config as text, so that it can be read in the synthesized JSON
 * and Terraform fills in the references, and its base64 form as Azure wants it. Compressed, since Azure takes 64 KB and the files
 * are text within text; cloud-init decompresses by itself. Source: cloud-init's documentation, user data formats.
 *
 * @throws {EnvironmentError} when it is larger than Azure takes.
 */
export class UserData extends Construct {
  readonly base64: string;

  constructor(scope: Construct, id: string, cloudConfig: string) {
    super(scope, id);
    const references = cloudConfig.match(/\$\{/g)?.length ?? 0;
    const bytes = gzipSync(cloudConfig).length + references * perReference;
    if (bytes > longest) {
      throw new EnvironmentError("The environment file", [
        `(file): makes user data of up to ${bytes} bytes for ${scope.node.path}, and Azure takes ${longest}; name fewer deployers, recovery key readers, paths or keys.`,
      ]);
    }
    this.base64 = Fn.base64gzip(new TerraformLocal(this, "text", cloudConfig).expression);
  }
}
