import { AzurermBackend, LocalBackend, type TerraformStack } from "cdktf";
import { cloudOf, nameUnlessPublic } from "../../environments/azure-clouds";
import type { Environment } from "../../environments/schema";

/** Terraform runs a stack in `cdktf.out/stacks/<stack>`, three folders below the project. */
const projectFolder = "../../..";

/** One state per stack and environment: a file below `state/`, or a blob reached with an Entra login. */
export function useStateBackend(stack: TerraformStack, environment: Environment): void {
  const { name, state } = environment;
  const stackName = stack.node.id;
  if (state.backend === "local") {
    new LocalBackend(stack, { path: `${projectFolder}/state/${name}/${stackName}.tfstate` });
    return;
  }
  new AzurermBackend(stack, {
    resourceGroupName: state.resourceGroup,
    storageAccountName: state.storageAccount,
    containerName: state.container,
    key: `${name}/${stackName}.tfstate`,
    useAzureadAuth: true,
    environment: nameUnlessPublic(cloudOf(environment), "terraform"),
  });
}
