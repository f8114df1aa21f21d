import { UserError } from "../../lib/processes/user-error";

/** Lists of units only grow: an empty assignment does not reset them. Source: systemd.unit(5), "Requires=". */
const DEPENDENCIES = /^(?:After|Before|BindsTo|Conflicts|Requires|RequiresMountsFor|Wants)$/;

/** The settings of one unit with its drop-ins. Source: systemd.syntax(7). */
export class UnitFile {
  readonly #values = new Map<string, string[]>();

  /**
   * @param texts the unit file, then its drop-ins in the order of their names, each with its path for errors
   * @throws UserError with the file and line that is not an assignment, section or comment
   */
  constructor(texts: readonly { readonly path: string; readonly text: string }[]) {
    for (const { path, text } of texts) this.#read(path, text);
  }

  /** Every value of a key that may be repeated. `Key=` empties the list. */
  all(section: string, key: string): readonly string[] {
    return this.#values.get(`${section}.${key}`) ?? [];
  }

  /** The value of a key that only counts once, the last time. Undefined if it is not set or empty. */
  last(section: string, key: string): string | undefined {
    return this.all(section, key).at(-1);
  }

  /** A boolean, as systemd reads it. False if it is not set. */
  isOn(section: string, key: string): boolean {
    return /^(1|yes|y|true|t|on)$/i.test(this.last(section, key) ?? "");
  }

  #read(path: string, text: string): void {
    let section = "";
    for (const { line, number } of logicalLines(text)) {
      const header = /^\[([^\]]+)\]$/.exec(line);
      const assignment = /^([A-Za-z0-9-]+)\s*=\s*(.*)$/s.exec(line);
      if (header) section = header[1] as string;
      else if (assignment && section) this.#assign(section, assignment[1] as string, assignment[2] as string);
      else
        throw new UserError(
          `${path}:${number}: "${line}" is neither a section nor an assignment in one. Correct it.`,
        );
    }
  }

  #assign(section: string, key: string, value: string): void {
    const name = `${section}.${key}`;
    const before = this.#values.get(name) ?? [];
    if (value !== "") this.#values.set(name, [...before, value]);
    else if (!DEPENDENCIES.test(key)) this.#values.delete(name);
  }
}

/** Lines without comments. A backslash at the end joins the next line with a space, even across comments. */
function logicalLines(text: string): { line: string; number: number }[] {
  const lines: { line: string; number: number }[] = [];
  let open: { line: string; number: number } | undefined;
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    if (/^\s*[#;]/.test(raw)) continue;
    const current = open ?? { line: "", number: index + 1 };
    const goesOn = raw.endsWith("\\");
    current.line += goesOn ? `${raw.slice(0, -1)} ` : raw;
    open = goesOn ? current : undefined;
    if (!goesOn) lines.push(current);
  }
  if (open) lines.push(open);
  return lines.map(({ line, number }) => ({ line: line.trim(), number })).filter(({ line }) => line !== "");
}
