/** Prints what a program does and ends it, when its arguments ask for that: before it does anything. */
export function helpIfAsked(usage: string): void {
  if (!process.argv.slice(2).some((argument) => argument === "--help" || argument === "-h")) return;
  console.log(usage);
  process.exit(0);
}
