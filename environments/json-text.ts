import { fieldName, type Problem } from "./problem";

/** Maximum nesting, far above every environment's. Deeper input would only exhaust the later checks. */
const deepest = 16;

/** Matches the strings and punctuation of a JSON text. */
const jsonToken = /"(?:[^"\\]|\\.)*"|[{}[\],:]/g;

/** The content of a file, or the reason why it cannot be an environment. */
export type JsonText = { value: unknown; problems: Problem[] } | { unusable: string };

/** Reads a JSON file strictly: UTF-8 (a byte order mark is allowed), every field once. */
export function readJsonText(bytes: Uint8Array): JsonText {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return { unusable: "is not UTF-8 text; save it with the encoding UTF-8." };
  }
  if (text.trim() === "") return { unusable: "is empty; copy environments/demo.json and change the copy." };
  try {
    const value: unknown = JSON.parse(text);
    if (depth(text) > deepest) {
      return { unusable: `is nested more than ${deepest} levels deep; remove the extra levels.` };
    }
    return { value, problems: problemsOfText(text) };
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/\s+/g, " ").replace(/\p{C}/gu, "?") : "";
    return {
      unusable: `is not JSON (${reason}); correct it there (JSON has no comments and no comma after the last entry).`,
    };
  }
}

function depth(json: string): number {
  let current = 0;
  let most = 0;
  for (const [token] of json.matchAll(jsonToken)) {
    if (token === "{" || token === "[") most = Math.max(most, ++current);
    else if (token === "}" || token === "]") current -= 1;
  }
  return most;
}

/**
 * Finds problems that JSON.parse accepts: a repeated field, of which it takes the last, and `__proto__`, which is
 * unsafe.
 */
function problemsOfText(text: string): Problem[] {
  const problems: Problem[] = [];
  const open: { names?: Set<string>; step: string | number }[] = [];
  let last = "";
  for (const [token] of text.matchAll(jsonToken)) {
    const inner = open.at(-1);
    if (token === "{" || token === "[") {
      open.push(token === "{" ? { names: new Set(), step: "" } : { step: 0 });
    } else if (token === "}" || token === "]") {
      open.pop();
    } else if (token === "," && typeof inner?.step === "number") {
      inner.step += 1;
    } else if (token === ":" && inner?.names) {
      const name: string = JSON.parse(last);
      inner.step = name;
      const field = fieldName(open.map(({ step }) => step));
      if (name === "__proto__") problems.push({ field, sentence: "is not a field; remove it." });
      if (inner.names.has(name)) {
        problems.push({ field, sentence: "is in the file twice; remove one entry." });
      }
      inner.names.add(name);
    }
    last = token;
  }
  return problems;
}
