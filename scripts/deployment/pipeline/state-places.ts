import { isAbsolute, resolve } from "node:path";
import { App, TerraformStack } from "cdktf";
import { useStateBackend } from "../../../constructs/terraform/state-backend";
import { type Environment, environmentSchema } from "../../../environments/schema";
import { UserError } from "../../../lib/processes/user-error";
import { buildSystem } from "../../../main";
import type { Backend } from "../backend-folder";
import { stackFolder } from "../stack-folder";

/**
 * The backends of an environment's stacks by the stacks' names, in the order of deployment.
 * @param place `local`, `local:FOLDER` or `RESOURCE-GROUP/ACCOUNT/CONTAINER`; by default the environment's state block
 * @throws {UserError} for a place in another form
 */
export function stateBackends(environment: Environment, place?: string): ReadonlyMap<string, Backend> {
  const state = place === undefined ? environment.state : stateAt(place);
  const folder = place?.startsWith("local:") ? resolve(place.slice("local:".length)) : undefined;
  return new Map(
    stackNames(environment).map((stack) => [stack, backend({ ...environment, state }, stack, folder)]),
  );
}

function stateAt(place: string): Environment["state"] {
  if (place === "local" || place.startsWith("local:")) return { backend: "local" };
  const [resourceGroup, storageAccount, container, ...rest] = place.split("/");
  const block = { backend: "azurerm", resourceGroup, storageAccount, container };
  const { data } = environmentSchema.shape.state.safeParse(block);
  if (data && rest.length === 0) return data;
  throw new UserError(
    `${place} is not a place for states. Write local, local:FOLDER or RESOURCE-GROUP/ACCOUNT/CONTAINER.`,
  );
}

function stackNames(environment: Environment): string[] {
  const app = new App({ stackTraces: false });
  buildSystem(app, environment);
  return app.node.children.filter(TerraformStack.isStack).map(({ node }) => node.id);
}

/** The backend of the stack, with an absolute path for a local file: Terraform may run in any folder. */
function backend(environment: Environment, stackName: string, folder?: string): Backend {
  const stack = new TerraformStack(new App({ stackTraces: false, skipValidation: true }), stackName);
  useStateBackend(stack, environment);
  const backends = stack.toTerraform().terraform.backend as Backend;
  const path = backends["local"]?.["path"];
  if (typeof path !== "string") return backends;
  if (folder) return { local: { path: resolve(folder, `${stackName}.tfstate`) } };
  return { local: { path: isAbsolute(path) ? path : resolve(stackFolder(stackName), path) } };
}
