import { UserError } from "../../lib/processes/user-error";

/** One command of ExecStart= or a similar setting. Source: systemd.service(5), "Command lines". */
export interface CommandLine {
  /** `-`: a failure does not count. */
  readonly mayFail: boolean;
  /** Words, the program first. Variables are not replaced yet. */
  readonly words: readonly string[];
  /** `:`: a dollar sign is literal. */
  readonly literal: boolean;
}

/**
 * Reads a command. Its prefixes + ! !! (privileges) have no effect, because everything runs as one user.
 *
 * @throws UserError if the command is not supported: several commands in one line
 */
export function parseCommandLine(text: string): CommandLine {
  const prefix = /^[-+!:@]*/.exec(text)?.[0] ?? "";
  const words = splitWords(text.slice(prefix.length));
  if (words.includes(";")) {
    throw new UserError(`"${text}" contains several commands in one line. Write one line for each.`);
  }
  // `@` makes the second word the program's own name. No program here reads it.
  if (prefix.includes("@")) words.splice(1, 1);
  if (words.length === 0) throw new UserError(`"${text}" contains no command.`);
  return { mayFail: prefix.includes("-"), literal: prefix.includes(":"), words };
}

/** The words of a command with its variables replaced. `variables` includes $MAINPID. */
export function expandCommandLine(
  { words, literal }: CommandLine,
  variables: Readonly<Record<string, string | undefined>>,
): string[] {
  if (literal) return [...words];
  return words.flatMap((word) => {
    // A variable that is a whole word expands to all its words.
    const whole = /^\$([A-Za-z_]\w*)$/.exec(word);
    if (whole) return splitWords(variables[whole[1] as string] ?? "");
    return word.replaceAll(/\$\$|\$\{([A-Za-z_]\w*)\}/g, (found, name: string | undefined) =>
      name === undefined ? found.slice(1) : (variables[name] ?? ""),
    );
  });
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  s: " ",
  t: "\t",
  v: "\v",
};

/**
 * Splits words as systemd does: quotes of both kinds, C's escapes, %% for %.
 *
 * @throws UserError for a quote that is not closed, and for a specifier such as %i, which the sandbox does not support
 */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (const [token, hex, escaped, percent] of text.matchAll(/\\x([0-9A-Fa-f]{2})|\\(.)|%(.?)|./gs)) {
    if (percent !== undefined && percent !== "%") {
      throw new UserError(`"${text}" contains the specifier ${token}, which the sandbox does not support.`);
    }
    if (hex !== undefined) word = (word ?? "") + String.fromCharCode(Number.parseInt(hex, 16));
    else if (escaped !== undefined) word = (word ?? "") + (ESCAPES[escaped] ?? escaped);
    else if (percent !== undefined) word = `${word ?? ""}%`;
    else if (token === quote) quote = "";
    else if (quote === "" && (token === '"' || token === "'")) {
      quote = token;
      word ??= "";
    } else if (quote === "" && /\s/.test(token)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? "") + token;
  }
  if (quote !== "") throw new UserError(`"${text}" contains a quote that is not closed.`);
  return word === undefined ? words : [...words, word];
}
