import { unzipSync } from "fflate";
import { readCloudConfig, textOf } from "../../cloud-init/cloud-config";
import type { SynthesizedStack } from "../synthesis";
import { expressions, knownText, references, strings } from "./references";

/** A place that holds what looks like a secret, and why it looks so. */
export interface Finding {
  where: string;
  why: string;
}

/** Names of arguments, settings and variables that hold secrets; what follows (`_wo`) changes nothing. */
const secretName =
  /(?:^|[^a-z])(?:pass(?:word|wd|phrase)?|pwd|secret|client_?secret|token|credentials?|(?:api|access|account|shared|private|storage|master|root|unseal|recovery|encryption)_?keys?|connection_?string|sas(?:_?(?:url|token))?|license|unseal_?keys?)(?:_?(?:wo|value|base64|b64|pem))?$/;

/** Attributes of resources that are credentials: a reference to one carries it wherever it is written. */
const secretAttribute =
  /\.(?:(?:primary|secondary)_(?:\w+_)?(?:key|connection_string)|instrumentation_key|connection_string|site_credential\b.*|password|secret|private_key\w*|client_secret|(?:kube|admin)_\w*config\w*|sas|token|value|result|bcrypt_hash)$/;

/** References to such attributes that are none: what a test beside says makes them worthless or harmless. */
const harmlessAttribute =
  /^(?:azurerm_application_insights\.[\w-]+\.connection_string|random_string\.[\w-]+\.result)$/;

/** Things that are secrets by their very form. */
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

/** Random-looking text that is known to be none. */
const knownRandom: readonly (readonly [string, RegExp])[] = [
  ["the package's hash", /\.triggers_replace\.package$/],
];

/** Random-looking text of files that is known to be none: public keys, and the checksums of releases. */
const knownInFiles =
  /-----BEGIN PGP PUBLIC KEY BLOCK-----[^-]+-----END PGP PUBLIC KEY BLOCK-----|^ARCHIVE_SHA256=[0-9a-f]{64}$/gm;

/** Every place of a stack, decoded user data and packages included, that looks like a secret. */
export function findSecrets(stack: SynthesizedStack): Finding[] {
  return [
    ...scanJson(stack.json, stack.name),
    ...[...stack.assets].flatMap(([path, zip]) => scanZip(path, zip)),
  ];
}

/** Every line of a program that holds what looks like a key or a token, whatever it is called. */
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

/** A value of the JSON, of which the name is known. */
function scanValue(path: string, value: string, where: string): Finding[] {
  const name = path.split(".").findLast((key) => !/^\d+$/.test(key)) ?? "";
  const literal = knownText(value);
  const findings = [
    ...byReference(value),
    ...byShape(
      literal,
      knownRandom.some(([, known]) => known.test(path)),
    ),
  ];
  if (isSecretName(name) && literal !== "" && !isBoolean(literal)) {
    findings.push(`a value in clear by the name ${name}`);
  }
  if (/^resource\.azurerm_key_vault_secret\.[^.]+\.value$/.test(path)) {
    findings.push("a Key Vault secret in clear");
  }
  return findings.map((why) => ({ where, why }));
}

/** A file: programs, configuration, NAME=value lines. */
function scanText(text: string, where: string): Finding[] {
  return text.split("\n").flatMap((line, index) => {
    const literal = line.replaceAll(/\$\{[^{}]*\}/g, "");
    const whys = [...byReference(line), ...byShape(literal, false), ...byAssignment(literal)];
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

function byReference(value: string): string[] {
  return expressions(withoutShell(value))
    .flatMap(references)
    .filter(
      (one) =>
        secretAttribute.test(one) &&
        !harmlessAttribute.test(one) &&
        !/^(?:ephemeral|data\.terraform_remote_state)\./.test(one),
    )
    .map((one) => `a reference to the credential ${one}`);
}

/** Shell's `${name}` looks like an expression that may lack its end on this line. */
function withoutShell(line: string): string {
  return /\$\{[^}]*$/.test(line) ? "" : line;
}

function byShape(text: string, known: boolean): string[] {
  const found = shapes.filter(([, shape]) => shape.test(text)).map(([name]) => name);
  if (!known && found.length === 0 && words(text).some(isRandom)) found.push("long random text");
  return found;
}

/** `name=value`, `name: value`, `"name": "value"` with a value that is neither a reference, a path (jq's too) nor a template. */
function byAssignment(line: string): string[] {
  if (/^\s*(?:#|\/\/)/.test(line)) return [];
  const assignments = line.matchAll(
    /([A-Za-z][\w-]*)["']?\s*[=:]\s*["']?((?!\.)[^\s"'`$<>(){}[\];,|&\\/@%]{6,})["']?/g,
  );
  return [...assignments]
    .filter(([, name = "", value = ""]) => isSecretName(name) && !isBoolean(value) && /\d|[A-Z]/.test(value))
    .map(([, name]) => `a value in clear by the name ${name}`);
}

function words(text: string): string[] {
  return text.match(/[A-Za-z0-9+/=_-]{24,}/g) ?? [];
}

/** Letters of both cases and digits in disorder, or hexadecimal digits as keys and hashes have them. */
function isRandom(word: string): boolean {
  if (/^[0-9a-f-]{36}$/i.test(word) && /^\w{8}(?:-\w{4}){3}-\w{12}$/.test(word)) return false;
  if (/^[0-9a-f]{32,}$/i.test(word)) return entropy(word.toLowerCase()) > 3;
  // Paths and names in words: their parts are short, or of one case.
  const parts = word
    .split(/[/_=-]/)
    .filter((part) => /\d/.test(part) && /[a-z]/.test(part) && /[A-Z]/.test(part));
  return parts.some((part) => part.length >= 16) || (parts.join("").length >= 24 && entropy(word) > 4.2);
}

/** Shannon's, in bits a character. */
function entropy(word: string): number {
  const counts = new Map<string, number>();
  for (const character of word) counts.set(character, (counts.get(character) ?? 0) + 1);
  return [...counts.values()].reduce(
    (sum, count) => sum - (count / word.length) * Math.log2(count / word.length),
    0,
  );
}
