import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const project = join(__dirname, "../..");
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "synth-test-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it("npm run synth ends with the next commands", () => {
  const { status, stdout } = spawnSync(process.execPath, ["scripts/run-bundled.cjs", "scripts/synth.ts"], {
    cwd: project,
    encoding: "utf8",
    env: { ...process.env, ENVIRONMENT: "production", CDKTF_OUTDIR: folder },
  });
  expect(status).toBe(0);
  expect(stdout.trimEnd().split("\n").at(-1)).toBe(
    "Next: ENVIRONMENT=production npm run sandbox (all of it on this machine), or az login && scripts/deploy production --plan.",
  );
}, 60_000);
