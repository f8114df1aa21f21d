import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { linkPackages } from "../../../lib/link-packages";
import { keepBundles, linkBundles } from "../shared-bundles";

const project = join(__dirname, "../../..");

const sources = [
  "app",
  "cloud-init",
  "constructs",
  "environments",
  "lib",
  "sandbox",
  "scripts",
  "stacks",
  "cdktf.json",
  "main.ts",
  "package.json",
  "package-lock.json",
  "tsconfig.json",
];

/** The project's unchanged files in another folder, with the same packages. Only the environments come from a test. */
export class ProjectCopy {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), "deployment-project-")));

  private changed = false;

  constructor() {
    for (const source of sources)
      cpSync(join(project, source), join(this.folder, source), { recursive: true });
    linkPackages(this.folder);
    linkBundles(this.folder);
  }

  /** Writes an environment: one of the project's examples with changes at the top level. */
  environment(name: string, changes: object, example = "demo"): void {
    const given = JSON.parse(readFileSync(join(project, `environments/${example}.json`), "utf8"));
    writeFileSync(
      join(this.folder, `environments/${name}.json`),
      JSON.stringify({ ...given, name, ...changes }),
    );
  }

  /** Writes a file. It replaces the project's own file, if there is one. */
  write(file: string, content: string): void {
    mkdirSync(dirname(join(this.folder, file)), { recursive: true });
    writeFileSync(join(this.folder, file), content);
    this.changed = true;
  }

  remove(): void {
    if (!this.changed) keepBundles(this.folder);
    rmSync(this.folder, { recursive: true, force: true });
  }
}
