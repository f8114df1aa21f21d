/** Prints what a program does and ends it, when its own arguments ask for that: before it does anything. */
export function helpIfAsked(usage: string): void {
  const args = process.argv.slice(2);
  // What comes after `--` are words of another program.
  const own = args.includes("--") ? args.slice(0, args.indexOf("--")) : args;
  if (!own.some((argument) => argument === "--help" || argument === "-h")) return;
  console.log(usage);
  process.exit(0);
}
