import { Mount } from "@cdktf/provider-vault/lib/mount";
import { TransformRole } from "@cdktf/provider-vault/lib/transform-role";
import { TransformTransformation } from "@cdktf/provider-vault/lib/transform-transformation";
import { Construct } from "constructs";
import { transformRole } from "../../environments/policy-paths";

export interface TransformEngineProps {
  /** Makes Terraform refuse to delete the transformations. Without a transformation, its encoded values are lost. */
  protect: boolean;
}

/**
 * The secrets engine `transform` (Vault Enterprise). It encodes fields that keep their form or only their last
 * digits.
 */
export class TransformEngine extends Construct {
  constructor(
    scope: Construct,
    id: string,
    private readonly props: TransformEngineProps,
  ) {
    super(scope, id);
    const mount = this.createMount();
    this.addRole(mount, [this.encryptSocialSecurityNumbers(mount), this.maskCardNumbers(mount)]);
  }

  private createMount(): Mount {
    return new Mount(this, "mount", {
      path: "transform",
      type: "transform",
      description: "Format-preserving encryption and masking",
    });
  }

  /** Encrypts and keeps the format. Vault derives the tweak itself, so the application stores none. */
  private encryptSocialSecurityNumbers(mount: Mount): TransformTransformation {
    return new TransformTransformation(this, "social-security-number", {
      path: mount.path,
      name: "social-security-number",
      type: "fpe",
      template: "builtin/socialsecuritynumber",
      tweakSource: "internal",
      allowedRoles: [transformRole],
      deletionAllowed: !this.props.protect,
    });
  }

  /** Masks numbers one way. A masked value cannot be decoded. */
  private maskCardNumbers(mount: Mount): TransformTransformation {
    return new TransformTransformation(this, "card-number", {
      path: mount.path,
      name: "card-number",
      type: "masking",
      template: "builtin/creditcardnumber",
      maskingCharacter: "*",
      allowedRoles: [transformRole],
      deletionAllowed: !this.props.protect,
    });
  }

  private addRole(mount: Mount, transformations: readonly TransformTransformation[]): void {
    new TransformRole(this, "role", {
      path: mount.path,
      name: transformRole,
      transformations: transformations.map(({ name }) => name),
    });
  }
}
