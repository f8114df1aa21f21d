import { UserError } from "../processes/user-error";

/** The steps from a root to a part of it, as in `azurerm_linux_web_app.webapp.identity[0].principal_id`. */
export type Path = readonly [string, ...(string | number)[]];

export type Expression =
  | { kind: "literal"; value: string | number | boolean | null }
  | { kind: "reference"; path: Path }
  | { kind: "list"; items: readonly Expression[] }
  | { kind: "call"; name: string; operands: readonly Expression[]; text: string }
  | { kind: "template"; parts: readonly Expression[]; text: string };

/**
 * Parses a string of Terraform's JSON syntax: literal text with `${...}` in it. `$${` means a literal `${`. An
 * interpolation may contain references, function calls, strings, numbers, true, false, null and lists. cdktf writes
 * nothing else for these stacks.
 * A string that is one interpolation and nothing else keeps that interpolation's type.
 * Source: Terraform, JSON Configuration Syntax; HCL, String Templates.
 * @throws UserError for every other form, with the text
 */
export function parse(text: string): Expression {
  return new Parser(text).template(endOfText);
}

/** Returns every reference in an expression, from left to right. */
export function referencesIn(expression: Expression): Path[] {
  switch (expression.kind) {
    case "literal":
      return [];
    case "reference":
      return [expression.path];
    case "list":
      return expression.items.flatMap(referencesIn);
    case "call":
      return expression.operands.flatMap(referencesIn);
    case "template":
      return expression.parts.flatMap(referencesIn);
  }
}

/** `["vault_mount", "x", "path"]` as `vault_mount.x.path`. */
export function writePath([root, ...steps]: Path): string {
  return root + steps.map((step) => (typeof step === "number" ? `[${step}]` : `.${step}`)).join("");
}

/** Shortens a text to one line that still shows the place. User data may be 64 KB long. */
export function shortened(text: string): string {
  return JSON.stringify(text.length > 160 ? `${text.slice(0, 157)}...` : text);
}

const endOfText = "";
const closingQuote = '"';
const keywords = new Map([
  ["true", true],
  ["false", false],
  ["null", null],
]);
const escapes: Record<string, string> = { n: "\n", r: "\r", t: "\t", '"': '"', "\\": "\\" };

class Parser {
  #position = 0;
  /** Start of the outermost interpolation, for the error message. */
  #interpolation = 0;

  constructor(private readonly text: string) {}

  template(end: typeof endOfText | typeof closingQuote): Expression {
    const start = this.#position;
    const parts: Expression[] = [];
    let literal = "";
    const addLiteral = () => {
      if (literal) parts.push({ kind: "literal", value: literal });
      literal = "";
    };
    while (!this.#ends(end)) {
      if (this.#skips("$${")) literal += "${";
      else if (this.#skips("%%{")) literal += "%{";
      else if (this.#next("%{")) this.#fail("a directive, which is not supported");
      else if (this.#next("${")) {
        addLiteral();
        parts.push(this.#interpolated(end));
      } else literal += end === closingQuote ? this.#quotedCharacter() : this.#character();
    }
    addLiteral();
    if (parts.length === 0) return { kind: "literal", value: "" };
    const [only] = parts;
    return only && parts.length === 1
      ? only
      : { kind: "template", parts, text: this.text.slice(start, this.#position) };
  }

  #ends(end: typeof endOfText | typeof closingQuote): boolean {
    if (end === closingQuote && this.#skips(closingQuote)) return true;
    if (this.#position < this.text.length) return false;
    if (end === closingQuote) this.#fail("the end of the text in a string without a closing quote");
    return true;
  }

  #interpolated(end: typeof endOfText | typeof closingQuote): Expression {
    if (end === endOfText) this.#interpolation = this.#position;
    this.#position += "${".length;
    const expression = this.#expression();
    this.#expect("}");
    return expression;
  }

  #expression(): Expression {
    this.#skipSpace();
    const start = this.#position;
    if (this.#skips('"')) return this.template(closingQuote);
    if (this.#skips("[")) return { kind: "list", items: this.#listUntil("]") };
    const number = this.#match(/\d+(?:\.\d+)?/y);
    if (number) return { kind: "literal", value: Number(number) };
    const name = this.#match(/[A-Za-z_][\w-]*/y);
    if (!name) this.#fail(this.#found());
    if (this.#skips("(")) {
      const operands = this.#listUntil(")");
      return { kind: "call", name, operands, text: this.text.slice(start, this.#position) };
    }
    const keyword = keywords.get(name);
    return keyword === undefined
      ? { kind: "reference", path: [name, ...this.#steps()] }
      : { kind: "literal", value: keyword };
  }

  /** Parses the steps after a reference's root: `.name`, `[0]` or `["name"]`. */
  #steps(): (string | number)[] {
    const steps: (string | number)[] = [];
    for (;;) {
      if (this.#skips(".")) {
        steps.push(this.#match(/[A-Za-z_][\w-]*/y) ?? this.#fail(this.#found()));
      } else if (this.#skips("[")) {
        const index = this.#expression();
        const value = index.kind === "literal" ? index.value : undefined;
        if (typeof value !== "string" && typeof value !== "number") {
          this.#fail("an index that is neither a number nor a string");
        }
        steps.push(value);
        this.#expect("]");
      } else return steps;
    }
  }

  #listUntil(end: "]" | ")"): Expression[] {
    const items: Expression[] = [];
    this.#skipSpace();
    if (this.#skips(end)) return items;
    do items.push(this.#expression());
    while (this.#skipsAfterSpace(","));
    this.#expect(end);
    return items;
  }

  #quotedCharacter(): string {
    const character = this.#character();
    if (character === "\n") this.#fail("a line break inside a string");
    if (character !== "\\") return character;
    const code = this.#match(/u[0-9A-Fa-f]{4}/y);
    if (code) return String.fromCharCode(Number.parseInt(code.slice(1), 16));
    const escaped = escapes[this.#character()];
    return escaped ?? this.#fail("an unknown escape sequence");
  }

  #character(): string {
    return this.text[this.#position++] ?? "";
  }

  #next(token: string): boolean {
    return this.text.startsWith(token, this.#position);
  }

  #skips(token: string): boolean {
    const there = this.#next(token);
    if (there) this.#position += token.length;
    return there;
  }

  #skipsAfterSpace(token: string): boolean {
    this.#skipSpace();
    return this.#skips(token);
  }

  #expect(token: string): void {
    if (!this.#skipsAfterSpace(token)) this.#fail(`${this.#found()} instead of ${token}`);
  }

  #skipSpace(): void {
    this.#match(/\s*/y);
  }

  #match(sticky: RegExp): string | undefined {
    sticky.lastIndex = this.#position;
    const [match] = sticky.exec(this.text) ?? [];
    this.#position += match?.length ?? 0;
    return match;
  }

  #found(): string {
    const character = this.text[this.#position];
    return character === undefined ? "the end" : `"${character}"`;
  }

  #fail(found: string): never {
    const text = shortened(this.text.slice(this.#interpolation));
    const place = this.#position - this.#interpolation;
    throw new UserError(
      `The sandbox cannot parse the Terraform expression ${text}: found ${found} at character ${place}. lib/synthesized/expression.ts lists the supported forms.`,
    );
  }
}
