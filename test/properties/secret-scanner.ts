import { unzipSync } from "fflate";
import { readCloudConfig, textOf } from "../../cloud-init/cloud-config";
import { type Expression, parse, referencesIn, writePath } from "../../lib/synthesized/expression";
import type { SynthesizedStack } from "../synthesis";
import { strings } from "./references";

/** A place that looks like a secret, and the reason. */
export interface Finding {
  where: string;
  why: string;
}

/** Names of arguments, settings and variables for secrets. A suffix (`_wo`) changes nothing. */
const secretName =
  /(?:^|[^a-z])(?:pass(?:word|wd|phrase)?|pwd|secret|client_?secret|token|credentials?|(?:api|access|account|shared|private|storage|master|root|unseal|recovery|encryption)_?keys?|connection_?string|sas(?:_?(?:url|token))?|license|unseal_?keys?)(?:_?(?:wo|value|base64|b64|pem))?$/;

/** Attributes of resources that are credentials. A reference to one copies it to its place. */
const secretAttribute =
  /\.(?:(?:primary|secondary)_(?:\w+_)?(?:key|connection_string)|instrumentation_key|connection_string|site_credential\b.*|password|secret|private_key\w*|client_secret|(?:kube|admin)_\w*config\w*|sas|token|value|result|bcrypt_hash)$/;

/** Attributes that look like credentials but are harmless. A test checks the reason. */
const harmlessAttribute =
  /^(?:azurerm_application_insights\.[\w-]+\.connection_string|random_string\.[\w-]+\.result)$/;

/** Secrets with a recognizable form. */
const shapes: readonly (readonly [string, RegExp])[] = [
  ["a private key (PEM)", /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----/],
  ["a JSON web token", /\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*/],
  ["a Vault token", /\b(?:hv[sbr]\.[\w-]{20,}|s\.[A-Za-z0-9]{24}\b)/],
  ["a storage account's key", /AccountKey=[A-Za-z0-9+/=]{8,}/i],
  ["a shared access key", /SharedAccessKey=[A-Za-z0-9+/=]{8,}/i],
  ["a shared access signature", /[?&]sig=[A-Za-z0-9%+/=]{16,}/],
  ["an Entra client secret", /(?:^|[^\w~.-])[\w~.-]{3}[78]Q~[\w~.-]{31,34}(?:$|[^\w~.-])/],
  ["a password in an address", /\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@{}$]+:[^\s:/@{}$]{3,}@/i],
  ["a password in a connection string", /\b(?:password|pwd)\s*=\s*(?![$"'{<(%]|;)[^\s;]{6,}/i],
  [
    "an access key of a cloud or a forge",
    /\b(?:AKIA[A-Z0-9]{16}|gh[pousr]_[A-Za-z0-9]{36,}|xox[abp]-[\w-]{10,})/,
  ],
];

/** Random-looking text that is not secret. */
const knownRandom: readonly (readonly [string, RegExp])[] = [
  ["the package's hash", /\.triggers_replace\.package$/],
];

/** Random-looking text in files that is not secret: public keys, and the checksums of releases. */
const knownInFiles =
  /-----BEGIN PGP PUBLIC KEY BLOCK-----[^-]+-----END PGP PUBLIC KEY BLOCK-----|^ARCHIVE_SHA256=[0-9a-f]{64}$/gm;

/** Returns every place of a stack that looks like a secret, including decoded user data and packages. */
export function findSecrets(stack: SynthesizedStack): Finding[] {
  return [
    ...scanJson(stack.json, stack.name),
    ...[...stack.assets].flatMap(([path, zip]) => scanZip(path, zip)),
  ];
}

/** Returns every line of a program that contains a key or token, under any name. */
export function findSecretShapes(text: string, where: string): Finding[] {
  return text
    .split("\n")
    .flatMap((line, index) => byShape(line, true).map((why) => ({ where: `${where}:${index + 1}`, why })));
}

function scanJson(json: unknown, root: string): Finding[] {
  return strings(json).flatMap(({ path, value }) => {
    const where = `${root}: ${path}`;
    if (value.startsWith("#cloud-config")) return scanCloudConfig(value, where);
    return scanValue(path, value, where);
  });
}

function scanCloudConfig(text: string, where: string): Finding[] {
  const config = readCloudConfig(text);
  const files = config.write_files.flatMap((file) =>
    scanText(textOf(file).replaceAll(knownInFiles, ""), `${where} ${file.path}`),
  );
  const rest = { ...config, write_files: config.write_files.map(({ content, ...file }) => file) };
  return [...files, ...scanJson(rest, where)];
}

function scanZip(path: string, zip: Buffer): Finding[] {
  const files = Object.entries(unzipSync(new Uint8Array(zip)));
  return files.flatMap(([name, content]) =>
    scanText(Buffer.from(content).toString("utf8"), `${path} ${name}`),
  );
}

/** Scans a value of the JSON with a known name. */
function scanValue(path: string, value: string, where: string): Finding[] {
  const name = path.split(".").findLast((key) => !/^\d+$/.test(key)) ?? "";
  const expression = parse(value);
  const literal = knownText(expression);
  const findings = [
    ...credentials(referencesIn(expression).map(writePath)),
    ...byShape(
      literal,
      knownRandom.some(([, known]) => known.test(path)),
    ),
  ];
  if (isSecretName(name) && literal !== "" && !isBoolean(literal)) {
    findings.push(`a plain-text value with the name ${name}`);
  }
  if (/^resource\.azurerm_key_vault_secret\.[^.]+\.value$/.test(path)) {
    findings.push("a plain-text Key Vault secret");
  }
  return findings.map((why) => ({ where, why }));
}

/** Scans a file: programs, configuration, NAME=value lines. */
function scanText(text: string, where: string): Finding[] {
  return text.split("\n").flatMap((line, index) => {
    const literal = line.replaceAll(/\$\{[^{}]*\}/g, "");
    const whys = [
      ...credentials(referencesInText(line)),
      ...byShape(literal, false),
      ...byAssignment(literal),
    ];
    return whys.map((why) => ({ where: `${where}:${index + 1}`, why }));
  });
}

function isSecretName(name: string): boolean {
  const words = name
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replaceAll("-", "_")
    .toLowerCase();
  return secretName.test(words);
}

function isBoolean(text: string): boolean {
  return /^(?:true|false|\d)$/i.test(text);
}

/** Returns the text that is known before Terraform runs: outside expressions, and in quotes inside them. */
function knownText(expression: Expression): string {
  const all = (parts: readonly Expression[], between: string) =>
    parts.map(knownText).filter(Boolean).join(between);
  switch (expression.kind) {
    case "literal":
      return typeof expression.value === "string" ? expression.value : "";
    case "reference":
      return "";
    case "list":
      return all(expression.items, " ");
    case "call":
      return all(expression.operands, " ");
    case "template":
      return all(expression.parts, "");
  }
}

/** An interpolation with braces inside it, alone or in quotes. If its quotes do not match, it ends at the first brace. */
const interpolation = /\$\{(?:"(?:[^"\\]|\\.)*"|\{[^{}]*\}|[^"{}])*\}|\$\{[^}]*\}/g;

/** Searches text, not parsed expressions: a program's `${name}` looks like one. */
function referencesInText(text: string): string[] {
  return (text.match(interpolation) ?? [])
    .map((one) => one.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""'))
    .flatMap((one) => one.match(/[A-Za-z_][\w-]*(?:\.[\w-]+|\[\d+\])+/g) ?? []);
}

function credentials(references: readonly string[]): string[] {
  return references
    .filter(
      (one) =>
        secretAttribute.test(one) &&
        !harmlessAttribute.test(one) &&
        !/^(?:ephemeral|data\.terraform_remote_state)\./.test(one),
    )
    .map((one) => `a reference to the credential ${one}`);
}

function byShape(text: string, known: boolean): string[] {
  const found = shapes.filter(([, shape]) => shape.test(text)).map(([name]) => name);
  if (!known && found.length === 0 && words(text).some(isRandom)) found.push("long random text");
  return found;
}

/**
 * Finds `name=value`, `name: value` and `"name": "value"`, except if the value is a reference, a path (jq's too) or a
 * template.
 */
function byAssignment(line: string): string[] {
  if (/^\s*(?:#|\/\/)/.test(line)) return [];
  const assignments = line.matchAll(
    /([A-Za-z][\w-]*)["']?\s*[=:]\s*["']?((?!\.)[^\s"'`$<>(){}[\];,|&\\/@%]{6,})["']?/g,
  );
  return [...assignments]
    .filter(([, name = "", value = ""]) => isSecretName(name) && !isBoolean(value) && /\d|[A-Z]/.test(value))
    .map(([, name]) => `a plain-text value with the name ${name}`);
}

function words(text: string): string[] {
  return text.match(/[A-Za-z0-9+/=_-]{24,}/g) ?? [];
}

/** Returns true for a random mix of upper case, lower case and digits, or for hexadecimal digits like keys and hashes. */
function isRandom(word: string): boolean {
  if (/^[0-9a-f-]{36}$/i.test(word) && /^\w{8}(?:-\w{4}){3}-\w{12}$/.test(word)) return false;
  if (/^[0-9a-f]{32,}$/i.test(word)) return entropy(word.toLowerCase()) > 3;
  // Paths and names consist of words: their parts are short, or have one case.
  const parts = word
    .split(/[/_=-]/)
    .filter((part) => /\d/.test(part) && /[a-z]/.test(part) && /[A-Z]/.test(part));
  return parts.some((part) => part.length >= 16) || (parts.join("").length >= 24 && entropy(word) > 4.2);
}

/** Shannon entropy, in bits per character. */
function entropy(word: string): number {
  const counts = new Map<string, number>();
  for (const character of word) counts.set(character, (counts.get(character) ?? 0) + 1);
  return [...counts.values()].reduce(
    (sum, count) => sum - (count / word.length) * Math.log2(count / word.length),
    0,
  );
}
