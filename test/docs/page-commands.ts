import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A command of a page's `sh` block. */
export interface PageCommand {
  /** The command as on the page. It may have several lines. */
  readonly text: string;
  /** The heading above it, without # signs. */
  readonly section: string;
  /** ✔ or ✔✔ if the page says that the tests run it, otherwise empty. */
  readonly mark: string;
}

/** The commands that a page of docs/ tells its reader to type. */
export function pageCommands(page: string): PageCommand[] {
  const text = readFileSync(join(__dirname, "../../docs", page), "utf8");
  return text.split(/^#+ /m).flatMap((part) => {
    const section = part.split("\n", 1)[0] ?? "";
    return [...part.matchAll(/^( *)```sh\n(.*?)^\1```/gms)].flatMap(([, indent = "", block = ""]) =>
      commandsIn(block.replaceAll(new RegExp(`^${indent}`, "gm"), "")).map((command) => ({
        text: command,
        section,
        mark: /# (✔+)/.exec(command)?.[1] ?? "",
      })),
    );
  });
}

/** A line that ends in a pipe or a backslash continues in the next one. A loop ends with `done`. */
function commandsIn(block: string): string[] {
  const commands: string[] = [];
  let open = "";
  for (const line of block.split("\n").filter(Boolean)) {
    open += `${line}\n`;
    const inLoop = /^for /.test(open) && !/^done$/m.test(open);
    if (inLoop || /[|\\]$/.test(line)) continue;
    commands.push(open.trimEnd());
    open = "";
  }
  return commands;
}
