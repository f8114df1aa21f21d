/** If the arguments ask for help, prints the usage and exits before the program does anything. */
export function helpIfAsked(usage: string): void {
  if (!process.argv.slice(2).some((argument) => argument === "--help" || argument === "-h")) return;
  console.log(usage);
  process.exit(0);
}
