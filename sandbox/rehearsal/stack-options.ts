/** Names stacks on the command line of scripts/deploy and scripts/destroy. */
export const stackOptions = (...stacks: readonly string[]): string[] =>
  stacks.flatMap((stack) => ["--stack", stack]);
