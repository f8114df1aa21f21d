import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { findQemuPrograms } from "../sandbox/guest/qemu";
import { helpIfAsked } from "./help";

const project = join(__dirname, "..");
/** Both kinds of VM. They take minutes. */
const DEFAULT_VMS = ["vault-server", "agent-vm"];

const all = readdirSync(join(project, "test/boot"))
  .filter((name) => name.endsWith(".boot.ts"))
  .map((name) => name.replace(".boot.ts", ""));

const usage = `Usage: npm run boot-test [-- VM...] [-- JEST-OPTION...]

  VM   ${all.join(", ")}, or all. Without a name: ${DEFAULT_VMS.join(" and ")}, in their short forms, within 15 minutes`;

/** `npm run boot-test [vm]`: boots the user data in QEMU, two VMs at a time. It skips this if QEMU is missing. */
async function main(): Promise<void> {
  helpIfAsked(usage);
  const [, , ...args] = process.argv;
  const named = args.filter((arg) => !arg.startsWith("-"));
  const wanted = named.length === 0 ? DEFAULT_VMS : named.includes("all") ? all : named;
  const unknown = wanted.find((vm) => !all.includes(vm));
  if (unknown !== undefined) {
    console.error(`Unknown VM: ${unknown}.\n\n${usage}`);
    process.exitCode = 1;
    return;
  }
  const qemu = await findQemuPrograms();
  if (typeof qemu === "string") {
    console.log(`SKIPPED: ${qemu}`);
    // In a pipeline, a boot test that did not run is a failure.
    if (process.env.CI) process.exitCode = 1;
    return;
  }
  const files = wanted.map((vm) => `test/boot/${vm}.boot.ts`);
  const options = args.filter((arg) => arg.startsWith("-"));
  const jest = spawn(
    "node_modules/.bin/jest",
    [
      "--testMatch",
      "<rootDir>/test/boot/*.boot.ts",
      "--maxWorkers=2",
      "--verbose",
      ...options,
      "--runTestsByPath",
      ...files,
    ],
    {
      cwd: project,
      stdio: "inherit",
      env: named.length > 0 ? { ...process.env, LONG_TESTS: "1" } : undefined,
    },
  );
  process.exitCode = await new Promise<number>((resolve, reject) => {
    jest.once("error", reject);
    jest.once("exit", (code) => resolve(code ?? 1));
  });
}

void main();
