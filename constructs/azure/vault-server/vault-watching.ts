import type { Construct } from "constructs";
import { resourceName } from "../resource-names";
import { Watching } from "../watching/watching";
import { nameOfNode } from "./vault-hosts";
import type { VaultServerProps } from "./vault-server-props";

/** Creates logs, alerts and a workbook, if the environment names a workspace for them. */
export function watchVault(
  scope: Construct,
  { environment, network, vaultPrincipalId }: VaultServerProps,
): Watching | undefined {
  const { name, evidenceWorkspace, vault } = environment;
  if (evidenceWorkspace === undefined) return undefined;
  return new Watching(scope, "watching", {
    environment,
    workspaceId: evidenceWorkspace,
    resourceGroup: network.resourceGroup.name,
    nodes: Array.from({ length: vault.nodes }, (_, index) => resourceName("vm", name, nameOfNode(index + 1))),
    vaultPrincipalId,
  });
}
