import { appendFileSync } from "node:fs";

/** Writes Markdown into the summary of the GitHub job, if this is one. */
export function addToSummary(text: string): void {
  const { GITHUB_STEP_SUMMARY: file } = process.env;
  if (file) appendFileSync(file, `${text}\n`);
}

/** Writes for the reader of the command's output, and of the job's summary. */
export function tell(text: string): void {
  process.stdout.write(`${text}\n`);
  addToSummary(text);
}

/** Sets the output `digests` of the GitHub job's step: JSON, a plan's digest by stack. A person sees it on stdout. */
export function setDigests(digests: Readonly<Record<string, string>>): void {
  const line = `digests=${JSON.stringify(digests)}\n`;
  const { GITHUB_OUTPUT: file } = process.env;
  if (file) appendFileSync(file, line);
  else process.stdout.write(line);
}
