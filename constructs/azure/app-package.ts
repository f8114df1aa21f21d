import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { TerraformStack } from "cdktf";
import { addCustomSynthesis } from "cdktf/lib/synthesize/synthesizer";
import { Construct } from "constructs";
import { packageApp } from "../../app/package";

/** The application as a zip file beside the stack's JSON. Every build produces the same bytes. */
export class AppPackage extends Construct {
  /** The file's path, relative to Terraform's working folder. */
  readonly path = "assets/app.zip";
  /** SHA-256 of the file, hexadecimal. */
  readonly hash: string;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    const zip = packageApp();
    this.hash = createHash("sha256").update(zip).digest("hex");
    addCustomSynthesis(this, {
      onSynthesize: ({ outdir, manifest }) => {
        const file = join(outdir, manifest.forStack(TerraformStack.of(this)).workingDirectory, this.path);
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, zip);
      },
    });
  }
}
