import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { keepBundles, linkBundles } from "../shared-bundles";

const project = join(__dirname, "../../..");

const sources = [
  "app",
  "cloud-init",
  "constructs",
  "lib",
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
  private readonly above = realpathSync(mkdtempSync(join(tmpdir(), "deployment-project-")));
  readonly folder = join(this.above, "project");
  private changed = false;
  private hasSources = false;

  constructor() {
    cpSync(join(project, "environments"), join(this.folder, "environments"), { recursive: true });
    // Node.js finds the packages above the project. Hundreds of links, one for each package, cost time in each suite.
    symlinkSync(join(project, "node_modules"), join(this.above, "node_modules"));
    // The scripts look only for this one.
    mkdirSync(join(this.folder, "node_modules"));
    symlinkSync(join(project, "node_modules/cdktf"), join(this.folder, "node_modules/cdktf"));
  }

  /** Copies the sources, which only a script in its own process needs. */
  copySources(): void {
    if (this.hasSources) return;
    for (const source of sources)
      cpSync(join(project, source), join(this.folder, source), { recursive: true });
    linkBundles(this.folder);
    this.hasSources = true;
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
    this.copySources();
    mkdirSync(dirname(join(this.folder, file)), { recursive: true });
    writeFileSync(join(this.folder, file), content);
    this.changed = true;
  }

  remove(): void {
    if (this.hasSources && !this.changed) keepBundles(this.folder);
    rmSync(this.above, { recursive: true, force: true });
  }
}
