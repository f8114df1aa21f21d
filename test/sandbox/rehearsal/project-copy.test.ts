import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { copyProject } from "../../../sandbox/rehearsal/project-copy";
import { itWithProgram } from "../../program";

const isCheckout = existsSync(join(__dirname, "../../../.git"));
const describeInCheckout = isCheckout ? describe : describe.skip;

// This needs the git history. A project from an archive does not have it.
describeInCheckout("A copy of the project at a commit", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "project-copy-test-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  itWithProgram("git", "has its files, and the current packages", async () => {
    await copyProject(folder, "HEAD");
    for (const file of ["main.ts", "scripts/deploy", "environments/demo.json", "node_modules/cdktf"])
      expect({ file, there: existsSync(join(folder, file)) }).toEqual({ file, there: true });
    expect(existsSync(join(folder, "project.tar"))).toBe(false);
  });

  itWithProgram("git", "fails for a commit that does not exist", async () => {
    await expect(copyProject(folder, "no-such-commit")).rejects.toThrow(
      /cannot be read at the commit no-such-commit .*Name a commit of this repository/,
    );
  });
});
