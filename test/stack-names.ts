/** Names of the stacks, in the order of their deployment. */
export const stackNames = [
  "vm-reader-role",
  "network",
  "vault-server",
  "mysql",
  "web-app",
  "agent-vm",
  "vault-config",
];
