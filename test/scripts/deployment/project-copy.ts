import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { linkPackages } from "../../../lib/link-packages";

const project = join(__dirname, "../../..");

/** Of run-bundled.cjs and of the application's package. */
const cache = "node_modules/.cache/vault-on-azure";

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
    this.linkBundles();
  }

  /** Links the bundles that earlier copies made. A program whose sources a test changes replaces its link with a file. */
  private linkBundles(): void {
    mkdirSync(join(this.folder, cache), { recursive: true });
    mkdirSync(join(project, cache), { recursive: true });
    for (const name of filesIn(join(project, cache)))
      symlinkSync(join(project, cache, name), join(this.folder, cache, name));
  }

  /** Leaves this copy's bundles to later copies. Bundling and compiling take as long as the rest of a run. */
  private keepBundles(): void {
    for (const name of filesIn(join(this.folder, cache))) {
      const unfinished = join(project, cache, `${name}.${process.pid}`);
      cpSync(join(this.folder, cache, name), unfinished);
      renameSync(unfinished, join(project, cache, name));
    }
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
    if (!this.changed) this.keepBundles();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Names of the files in a folder, without links and folders. */
function filesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name);
}
