import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const project = join(__dirname, "..");

/** Hosts, suffixes and clouds of Azure that differ from cloud to cloud. */
const names =
  /azure\.(?:com|net|us|cn)\b|windows\.net|microsoftonline\.|azurewebsites\.|chinacloudapi|chinacloudsites|usgovcloudapi|Azure(?:Public|USGovernment|China)Cloud\b|"AzureUSGovernment"/;

/** Who may have such a name, and why. */
const allowed: readonly [folder: string, why: string][] = [
  ["environments/azure-clouds.ts", "the table"],
  ["cloud-init/common/azure-names.ts", "the type of the table's column vaultEnvironment"],
  ["cloud-init/vault-server/user-data.ts", "Vault's default cloud"],
  ["environments/schema.json", "the choices of azureCloud"],
  [
    "sandbox/",
    "the stand-in imitates the public cloud only, and sandbox/system/public-cloud.ts refuses others",
  ],
  ["scripts/upstream/", "watches what the public cloud publishes"],
  ["test/", "expects values"],
  ["docs/", "are checked by the tests of each page"],
];

it("Azure's names that differ from cloud to cloud are in one table", () => {
  const files = execFileSync("git", ["ls-files"], { cwd: project, encoding: "utf8" })
    .split("\n")
    .filter((file) =>
      /\.(?:ts|cjs|json|sh|hcl|service|timer|cfg|ctmpl|yml)$|^(?:scripts|cloud-init)\/.*\/[^.]*$/.test(file),
    )
    .filter((file) => file !== "package-lock.json" && !allowed.some(([place]) => file.startsWith(place)));
  expect(files.length).toBeGreaterThan(300);
  const found = files.flatMap((file) =>
    codeOf(readFileSync(join(project, file), "utf8"))
      .filter(([line]) => names.test(line))
      .map(([line, number]) => `${file}:${number}: ${line.trim()}`),
  );
  expect(found).toEqual([]);
});

/** The lines without comments: an example in a comment is no value. */
function codeOf(text: string): [line: string, number: number][] {
  return text
    .split("\n")
    .map((line, index): [string, number] => [line, index + 1])
    .filter(([line]) => !/^\s*(?:\/\/|\/?\*|#)/.test(line));
}
