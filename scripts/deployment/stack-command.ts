import { terraformName } from "../../lib/terraform/terraform-program";

/**
 * Returns a Terraform command for one stack, for a person in the project's folder. It begins with synth and init, because `cdktf.out`
 * may contain another environment, or nothing.
 */
export function stackCommand(environment: string, stack: string, command: string): string {
  const terraform = `${terraformName()} -chdir=cdktf.out/stacks/${stack}`;
  return `ENVIRONMENT=${environment} npm run synth && ${terraform} init -reconfigure && ${terraform} ${command}`;
}

/** Makes Terraform choose new random characters for a stack's global names that no resource uses yet. */
export function otherNameCommand(environment: string, stack: string): string {
  const terraform = `${terraformName()} -chdir=cdktf.out/stacks/${stack}`;
  return stackCommand(
    environment,
    stack,
    `state list | grep '^random_string\\.' | xargs ${terraform} state rm`,
  );
}
