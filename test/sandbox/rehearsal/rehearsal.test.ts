import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { longTests } from "../../long-tests";
import { databaseMissing, vaultMissing } from "../programs-there";

const project = join(__dirname, "../../..");

/** The reason why no rehearsal runs now, or undefined. */
function obstacle(): string | undefined {
  if (!longTests) return "it takes 20 minutes or more. Set LONG_TESTS=1, or run npm run rehearse.";
  const { status, stderr } = spawnSync("npm", ["run", "--silent", "rehearse", "--", "--check"], {
    cwd: project,
    encoding: "utf8",
    timeout: 300_000,
  });
  const missing = [vaultMissing(), databaseMissing(), status === 0 ? undefined : stderr.trim()];
  return missing.filter(Boolean).join(" ") || undefined;
}

const reason = obstacle();
if (reason) console.warn(`Skipping the rehearsal: ${reason}`);
const test = reason ? it.skip : it;

describe("npm run rehearse", () => {
  test(`deploys demo with real programs, plans nothing more, destroys it, and deploys it again${reason ? " (skipped)" : ""}`, () => {
    const { status, stderr } = spawnSync("npm", ["run", "--silent", "rehearse"], {
      cwd: project,
      encoding: "utf8",
      timeout: 5_400_000,
    });
    expect({ status, stderr }).toEqual({
      status: 0,
      stderr: expect.stringContaining("The rehearsal of demo passed."),
    });
  }, 5_400_000);
});
