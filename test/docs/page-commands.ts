import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A command of a page's `sh` block. */
export interface PageCommand {
  /** As it stands, over several lines where the page folds it. */
  readonly text: string;
  /** The heading above, without its signs. */
  readonly section: string;
  /** ✔ or ✔✔, where the page says that it is run in the tests; else empty. */
  readonly mark: string;
}

/** What a page of docs/ tells its reader to type. */
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

/** A line that ends in a pipe or a backslash goes on in the next; a loop ends with `done`. */
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
