import { HASHICORP_FINGERPRINT, HASHICORP_KEY_URL } from "../../../lib/releases/release-signature";
import type { Fact } from "../fact";
import { nodeReleaseKeys } from "../judges/node-release";
import { signingKey } from "../judges/signing-key";
import { readProject } from "../project";

const hashicorpKeyring = "cloud-init/common/files/usr/local/share/keyrings/hashicorp.asc";
const nodeKeyring = "cloud-init/agent-vm/files/usr/local/share/keyrings/nodejs.asc";

export function signingKeys(): Fact[] {
  return [
    signingKey(
      {
        name: "HashiCorp's release key",
        usedIn: [hashicorpKeyring, "lib/releases/release-signature.ts"],
      },
      {
        fingerprint: HASHICORP_FINGERPRINT,
        url: HASHICORP_KEY_URL,
        copy: readProject(hashicorpKeyring),
        cure: `Put the new key into ${hashicorpKeyring} once HashiCorp's own pages confirm it.`,
      },
    ),
    nodeReleaseKeys({ name: "Node.js's release keys", usedIn: [nodeKeyring] }, readProject(nodeKeyring)),
  ];
}
