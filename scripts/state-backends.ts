import { isAbsolute, join, resolve } from "node:path";
import { App, TerraformStack } from "cdktf";
import { useStateBackend } from "../constructs/terraform/state-backend";
import { exitOnEnvironmentError } from "../environments/exit-on-environment-error";
import { loadEnvironment } from "../environments/load";
import { type Environment, environmentSchema } from "../environments/schema";
import { buildSystem } from "../main";

const project = join(__dirname, "..");

/**
 * `node scripts/run-bundled.cjs scripts/state-backends.ts NAME [PLACE]`: prints a line for each stack in the order of deployment,
 * for scripts/migrate-state: stack, tab, Terraform JSON that only names the backend. PLACE says where the states are: `local`,
 * `local:FOLDER` or `RESOURCE-GROUP/ACCOUNT/CONTAINER`. The default is the backend of the environment's state block.
 */
export function main(): void {
  exitOnEnvironmentError(() => {
    const [name = "", place] = process.argv.slice(2);
    const environment = loadEnvironment(name);
    const state = place === undefined || place === "" ? environment.state : stateAt(place);
    if (state === undefined) {
      console.error(
        `${place} is not a place for states. Write local, local:FOLDER or RESOURCE-GROUP/ACCOUNT/CONTAINER.`,
      );
      process.exitCode = 1;
      return;
    }
    const folder = place?.startsWith("local:") ? resolve(place.slice("local:".length)) : undefined;
    for (const stack of stackNames(environment)) {
      console.log(
        `${stack}\t${JSON.stringify({ terraform: { backend: backend({ ...environment, state }, stack, folder) } })}`,
      );
    }
  });
}

function stateAt(place: string): Environment["state"] | undefined {
  if (place === "local" || place.startsWith("local:")) return { backend: "local" };
  const [resourceGroup, storageAccount, container, ...rest] = place.split("/");
  if (rest.length > 0) return undefined;
  const block = { backend: "azurerm", resourceGroup, storageAccount, container };
  const parsed = environmentSchema.shape.state.safeParse(block);
  return parsed.success ? parsed.data : undefined;
}

function stackNames(environment: Environment): string[] {
  const app = new App({ stackTraces: false });
  buildSystem(app, environment);
  return app.node.children.filter(TerraformStack.isStack).map(({ node }) => node.id);
}

/** The backend of the stack, with an absolute path for a local file: Terraform may run in any folder. */
function backend(environment: Environment, stackName: string, folder?: string): unknown {
  const stack = new TerraformStack(new App({ stackTraces: false, skipValidation: true }), stackName);
  useStateBackend(stack, environment);
  const backends = stack.toTerraform().terraform.backend;
  const path = backends.local?.path;
  if (typeof path !== "string") return backends;
  const inProject = isAbsolute(path) ? path : join(project, "cdktf.out/stacks", stackName, path);
  return { local: { path: folder ? join(folder, `${stackName}.tfstate`) : inProject } };
}
