import { Mount } from "@cdktf/provider-vault/lib/mount";
import { TransitSecretBackendKey } from "@cdktf/provider-vault/lib/transit-secret-backend-key";
import { Construct } from "constructs";

export interface TransitEngineProps {
  keys: readonly string[];
  /** Makes Terraform refuse to delete the keys. Without a key, the data that it encrypted is lost. */
  protect: boolean;
}

/** The secrets engine `transit`: encryption as a service, with keys that never leave Vault. */
export class TransitEngine extends Construct {
  constructor(scope: Construct, id: string, { keys, protect }: TransitEngineProps) {
    super(scope, id);
    const mount = this.createMount();
    for (const key of keys) this.addKey(mount, key, protect);
  }

  private createMount(): Mount {
    return new Mount(this, "mount", {
      path: "transit",
      type: "transit",
      description: "Encryption as a service",
    });
  }

  private addKey(mount: Mount, name: string, protect: boolean): void {
    new TransitSecretBackendKey(this, `key-${name}`, {
      backend: mount.path,
      name,
      type: "aes256-gcm96",
      exportable: false,
      allowPlaintextBackup: false,
      deletionAllowed: !protect,
    });
  }
}
