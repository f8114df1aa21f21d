/** If the program's own arguments ask for help, prints the usage and exits before the program does anything. */
export function helpIfAsked(usage: string): void {
  const args = process.argv.slice(2);
  // The words after `--` belong to another program.
  const own = args.includes("--") ? args.slice(0, args.indexOf("--")) : args;
  if (!own.some((argument) => argument === "--help" || argument === "-h")) return;
  console.log(usage);
  process.exit(0);
}
