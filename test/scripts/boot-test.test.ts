import { spawnSync } from "node:child_process";
import { join } from "node:path";

const project = join(__dirname, "../..");

/** Runs `npm run boot-test` without a program on PATH. */
function bootTest(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--require", "tsx/cjs", "scripts/boot-test.ts", ...args],
    { cwd: project, encoding: "utf8", env: { PATH: "/nowhere", ...env } },
  );
  return { status, output: stdout + stderr };
}

describe("npm run boot-test", () => {
  it("skips if QEMU is missing, and says what to install", () => {
    const { status, output } = bootTest([]);
    expect(output).toMatch(/^SKIPPED: .*qemu-system-x86_64.*apt-get install .*qemu-system-x86/);
    expect(status).toBe(0);
  });

  it("fails without QEMU in a pipeline", () => {
    expect(bootTest([], { CI: "true" }).status).toBe(1);
  });

  it("names the VMs if it gets an unknown one", () => {
    const { status, output } = bootTest(["valt-server"]);
    expect(output).toMatch(/Unknown VM: valt-server\.[\s\S]*agent-vm[\s\S]*vault-server/);
    expect(status).toBe(1);
  });
});
