import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

/** A value in the project's files that others decide. */
export interface PinnedFact {
  readonly kind: string;
  readonly value: string;
  readonly file: string;
}

/** The form of each kind. This searches the files' text and does not use the code that makes the table. */
const kinds: readonly { kind: string; files: RegExp; pattern: RegExp }[] = [
  { kind: "action", files: /^\.github\/workflows\//, pattern: /uses: (\S+@\S+)/g },
  { kind: "Terraform of a workflow", files: /^\.github\/workflows\//, pattern: /terraform_version: (\S+)/g },
  { kind: "runner", files: /^\.github\/workflows\//, pattern: /\bubuntu-(\d\d\.\d\d)\b/g },
  { kind: "provider", files: /^constructs\/terraform\//, pattern: /source: "([\w-]+\/[\w-]+)"/g },
  { kind: "range of a provider", files: /^constructs\/terraform\//, pattern: /"((?:>=|~>) ?\d[^"]*)"/g },
  { kind: "npm package", files: /^package\.json$/, pattern: /^ {4}"(@?[\w./-]+)": "\d[\w.-]*",?$/gm },
  { kind: "Python package", files: /^scripts\/check-tools\/requirements\.txt$/, pattern: /^([\w-]+)==/gm },
  { kind: "Go tool", files: /^scripts\/check-tools\/go\.mod$/, pattern: /^tool (\S+)\/cmd\//gm },
  { kind: "Node.js", files: /^\.nvmrc$/, pattern: /(\d+)/g },
  // 169.254.169.254 is the VM's own host. Addresses in comments and in Documentation= are for people.
  {
    kind: "host",
    files: /^(?:cloud-init|constructs|stacks|app\/vault)\//,
    pattern: /(?:https|hkps):\/\/([a-z0-9.-]+\.[a-z]{2,})/g,
  },
  {
    kind: "OpenPGP key",
    files: /^(?:cloud-init|constructs|lib|sandbox|scripts)\//,
    pattern: /\b([0-9A-F]{40})\b/g,
  },
  { kind: "checksum", files: /^(?:cloud-init|constructs|scripts)\//, pattern: /\b([0-9a-f]{64})\b/g },
  // The rest of vault-version.ts is history: it says which release fixed which problem.
  {
    kind: "Vault",
    files: /^cloud-init\/vault-server\/vault-version\.ts$/,
    pattern: /DEFAULT_VAULT = "([^"]+)"/g,
  },
  {
    kind: "version in user data",
    files: /^cloud-init\/(?!vault-server\/vault-version).*\.ts$/,
    pattern: /["`]v?(\d+\.\d+\.\d+)["`]/g,
  },
  {
    kind: "version of an API",
    files: /^(?:cloud-init|app\/vault)\//,
    pattern: /api[-_]version\W{1,4}(\d[\w.-]*\w)/gi,
  },
  { kind: "image of a VM", files: /^constructs\/azure\//, pattern: /offer: "([^"]+)"/g },
  { kind: "Node.js of the application", files: /^app\/node-version\.ts$/, pattern: /= (\d+);/g },
  { kind: "image of a container", files: /^sandbox\/programs\//, pattern: /"(docker\.io\/[^"]+)"/g },
];

const folders = [".github", "app", "cloud-init", "constructs", "lib", "sandbox", "scripts", "stacks"];

/** All facts that the project's files pin, and optionally the facts of one more line in a file. */
export function pinnedFacts(project: string, added?: { file: string; line: string }): PinnedFact[] {
  const files = [
    ...folders.flatMap((folder) => filesIn(join(project, folder))),
    ...["package.json", ".nvmrc"].map((file) => join(project, file)),
  ];
  return files.flatMap((path) => {
    const file = relative(project, path);
    const text = withoutComments(`${readFileSync(path, "utf8")}\n${file === added?.file ? added.line : ""}`);
    return kinds
      .filter(({ files }) => files.test(file) && !file.startsWith("scripts/upstream/"))
      .flatMap(({ kind, pattern }) =>
        [...text.matchAll(pattern)].map(([, value = ""]) => ({ kind, value, file })),
      );
  });
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesIn(path) : [path];
  });
}

function withoutComments(text: string): string {
  return text
    .split("\n")
    .filter((line) => !/^\s*(?:\/\/|\*|\/\*|#)|^Documentation=/.test(line))
    .join("\n");
}
