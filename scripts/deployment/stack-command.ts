import { terraformName } from "../../lib/terraform/terraform-program";

/**
 * A Terraform command for one stack, as a person types it in the project's folder. Synth and init come first, since `cdktf.out`
 * may hold another environment, or nothing.
 */
export function stackCommand(environment: string, stack: string, command: string): string {
  const terraform = `${terraformName()} -chdir=cdktf.out/stacks/${stack}`;
  return `ENVIRONMENT=${environment} npm run synth && ${terraform} init -reconfigure && ${terraform} ${command}`;
}

/** Has Terraform choose other random characters for a stack's global names: of names that nothing has yet. */
export function otherNameCommand(environment: string, stack: string): string {
  const terraform = `${terraformName()} -chdir=cdktf.out/stacks/${stack}`;
  return stackCommand(
    environment,
    stack,
    `state list | grep '^random_string\\.' | xargs ${terraform} state rm`,
  );
}
