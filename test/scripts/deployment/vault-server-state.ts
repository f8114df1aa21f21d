import { gzipSync } from "node:zlib";
import { cloudConfig, readCloudConfig, withText } from "../../../cloud-init/cloud-config";
import { vaultServerUserData } from "../../../cloud-init/vault-server/user-data";
import { vaultServer } from "../../cloud-init/examples";
import { stateOf } from "./deployment-scene";

/** The state of the stack vault-server, whose VM has a policy of the deployers. Default: the project's. */
export function vaultServerState(address: string, policy?: string): object {
  const config = readCloudConfig(vaultServerUserData(vaultServer));
  const write_files = config.write_files.map((file) =>
    policy !== undefined && file.path.endsWith("/deployer-policy.hcl") ? withText(file, policy) : file,
  );
  const changed = cloudConfig({ ...config, write_files });
  const outputs = {
    vault_https_addr: address,
    vault_certificate_url: "https://kv-demo-abc123.vault.azure.net/certificates/vault-tls",
  };
  const attributes = { id: "vm", name: "vm", user_data: gzipSync(changed).toString("base64") };
  const machine = {
    mode: "managed",
    type: "azurerm_linux_virtual_machine",
    name: "node",
    instances: [{ attributes }],
  };
  return stateOf("vault-server", outputs, [machine]);
}
