import { readFileSync } from "node:fs";
import { join } from "node:path";
import { OLDEST_VAULT } from "../../cloud-init/vault-server/vault-version";
import { MYSQL_IMAGE } from "../../lib/releases/mysql-image";
import { VAULT_GO_MODULE, VAULT_RELEASE } from "../../lib/releases/vault-versions";
import { OLDEST_TERRAFORM } from "../../lib/terraform/terraform-program";
import { differences } from "../../sandbox/machine/differences";
import { coverage } from "../boot/coverage";

const project = join(__dirname, "../..");
const page = readFileSync(join(project, "docs/sandbox.md"), "utf8");

describe("docs/sandbox.md", () => {
  it("lists every difference between a machine of the sandbox and a VM on Azure, in the words of differences.ts", () => {
    const head =
      "| Difference | On Azure | In the sandbox | Why | Tested by |\n| --- | --- | --- | --- | --- |\n";
    const [, rest = ""] = page.split(head);
    const [table] = rest.split("\n\n");
    const rows = differences.map(
      (it) => `| ${[it.name, it.onAzure, it.inSandbox, it.reason, coverage[it.name]].join(" | ")} |`,
    );
    expect(table?.split("\n")).toEqual(rows);
  });

  it("says of each difference which test covers it", () => {
    expect(Object.keys(coverage).sort()).toEqual(differences.map(({ name }) => name).sort());
  });

  it("names the versions that the sandbox asks for", () => {
    const flat = page.replaceAll("\n", " ");
    expect(flat).toContain(`on \`PATH\` (${OLDEST_VAULT} or newer)`);
    expect(flat).toContain(`HashiCorp's release ${VAULT_RELEASE}`);
    expect(flat).toContain(`a build of Vault ${VAULT_GO_MODULE}`);
    expect(flat).toContain(`**Terraform** ${OLDEST_TERRAFORM.replace(/\.0$/, "")} or newer`);
    expect(MYSQL_IMAGE).toContain("mysql:8.");
  });

  it("shows each option of the command", () => {
    const usage = /const usage = `([^`]*)`/.exec(
      readFileSync(join(project, "scripts/sandbox.ts"), "utf8"),
    )?.[1];
    const options = new Set(usage?.match(/--[a-z]+/g));
    expect(options.size).toBe(3);
    expect([...options].filter((option) => !page.includes(option))).toEqual([]);
  });
});
