import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { findQemuPrograms } from "../sandbox/guest/qemu";

const project = join(__dirname, "..");
const vms = readdirSync(join(project, "test/boot"))
  .filter((name) => name.endsWith(".boot.ts"))
  .map((name) => name.replace(".boot.ts", ""));

const usage = `Usage: npm run boot-test [-- VM] [-- JEST-OPTION...]

  VM   ${vms.join(", ")}; all of them unless told`;

/** `npm run boot-test [vm]`: boots the user data in QEMU, one VM after the other; skipped where QEMU is missing. */
async function main(): Promise<void> {
  const [, , ...args] = process.argv;
  const wanted = args.filter((arg) => !arg.startsWith("-"));
  const unknown = wanted.find((vm) => !vms.includes(vm));
  if (unknown !== undefined) {
    console.error(`There is no boot test of ${unknown}.\n\n${usage}`);
    process.exitCode = 1;
    return;
  }
  const qemu = await findQemuPrograms();
  if (typeof qemu === "string") {
    console.log(`SKIPPED: ${qemu}`);
    // A pipeline that is to run it must not pass without it.
    if (process.env.CI) process.exitCode = 1;
    return;
  }
  const files = (wanted.length > 0 ? wanted : vms).map((vm) => `test/boot/${vm}.boot.ts`);
  const options = args.filter((arg) => arg.startsWith("-"));
  const jest = spawn(
    "node_modules/.bin/jest",
    ["--testMatch", "<rootDir>/test/boot/*.boot.ts", "--runInBand", ...options, "--runTestsByPath", ...files],
    { cwd: project, stdio: "inherit" },
  );
  process.exitCode = await new Promise<number>((resolve, reject) => {
    jest.once("error", reject);
    jest.once("exit", (code) => resolve(code ?? 1));
  });
}

void main();
