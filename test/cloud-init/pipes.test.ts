import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const folder = join(__dirname, "../../cloud-init");

/**
 * With pipefail, a reader that ends early makes the pipe fail now and then: its writer gets SIGPIPE. So no program asks `grep --quiet` at the end of a
 * pipe, or keeps the first lines of one, unless it ignores the status.
 */
it("No program of the VMs depends on a pipe whose reader ends early", () => {
  const lines = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/\.ts$/.test(entry.name))
    .flatMap((entry) => {
      const text = readFileSync(join(entry.parentPath, entry.name), "utf8");
      return text.split("\n").map((line) => `${entry.name}: ${line.trim()}`);
    });
  const early = lines.filter((line) =>
    /\| *grep [^|]*(?:--quiet|-q\b)|=\$\([^)]*\| *head [^|)]*\)$/.test(line),
  );
  expect(early).toEqual([]);
});
