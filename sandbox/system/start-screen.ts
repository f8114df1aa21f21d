import type { ShellLogin } from "./logins";
import type { Part } from "./parts";

export interface StartScreenProps {
  parts: readonly Part[];
  logins: readonly ShellLogin[];
  folder: string;
  /** The option after each command that selects this sandbox, if one is needed. */
  suffix: string;
  environment: string;
  pid: number;
  seconds: string;
}

/** The screen after a complete start: addresses, the state of each part, and commands to try. */
export async function startScreen(props: StartScreenProps): Promise<string> {
  const { parts, logins, folder, suffix, environment, pid, seconds } = props;
  const command = (words: string) => `    npm run sandbox -- ${insert(words, suffix)}`;
  const application = logins.find(({ credentialsPath }) => credentialsPath !== undefined);
  const vault = parts.find(({ name }) => name.startsWith("vault"))?.name ?? "vault";
  return [
    "",
    `The system runs (${seconds} s). Open ${parts[0]?.place ?? folder}`,
    "Press Ctrl-C to stop it.",
    "",
    await statusTable(parts),
    "",
    "Try this in another terminal:",
    "",
    ...(application
      ? [
          `  Read database credentials as ${application.name}: Vault creates a user for you`,
          command(`shell ${application.name} -- vault read ${application.credentialsPath}`),
          "  Request the same as a deployer: Vault refuses",
          command(`shell deployer -- vault read ${application.credentialsPath}`),
        ]
      : []),
    "  Rotate the key, and encrypt every row again",
    command("rotate"),
    "  Kill Vault, and watch here how it starts and unseals itself",
    command(`kill ${vault}`),
    "",
    "More: status, logs NAME, seal, unseal, stop NAME, start NAME, kill NAME, shell WHO, audit ID, open.",
    `  WHO       ${logins.map(({ name }) => name).join(", ")}`,
    `  Files     ${folder}  (the VMs' files and logs are below machines/)`,
    `  To apply an edit of environments/${environment}.json to the running system: kill -USR2 ${pid}`,
    "",
  ].join("\n");
}

/** Returns a line for each part: name, state, address. */
export async function statusTable(parts: readonly Part[]): Promise<string> {
  const rows = await Promise.all(
    parts.map(async ({ name, place, state }) => {
      const { works, text } = await state();
      return [works ? "works" : "FAILS", name, place, text] as const;
    }),
  );
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return rows
    .map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")}`.trimEnd())
    .join("\n");
}

/** Puts options before the words of another program's command. */
function insert(words: string, suffix: string): string {
  if (!suffix) return words;
  const [own = "", ...theirs] = words.split(" -- ");
  return [`${own} ${suffix}`, ...theirs].join(" -- ");
}
