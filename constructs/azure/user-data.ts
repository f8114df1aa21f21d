import { Fn, TerraformLocal } from "cdktf";
import { Construct } from "constructs";

/**
 * A VM's user data: a local value that holds the cloud-config as text, so that it can be read in the synthesized JSON
 * and Terraform fills in the references, and its base64 form as Azure wants it. Compressed, since Azure takes 64 KB and the files
 * are text within text; cloud-init decompresses by itself. Source: cloud-init's documentation, user data formats.
 */
export class UserData extends Construct {
  readonly base64: string;

  constructor(scope: Construct, id: string, cloudConfig: string) {
    super(scope, id);
    this.base64 = Fn.base64gzip(new TerraformLocal(this, "text", cloudConfig).expression);
  }
}
