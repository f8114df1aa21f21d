import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

const scripts = join(__dirname, "../../scripts");

it("every shell script runs the program that TERRAFORM_BINARY_NAME names, such as tofu", () => {
  const files = readdirSync(scripts, { recursive: true, encoding: "utf8" }).filter(
    (file) => !/\.\w+$/.test(file) && statSync(join(scripts, file)).isFile(),
  );
  expect(files).toEqual(expect.arrayContaining(["lock-providers", "lib/launch"]));
  const byName = files.flatMap((file) =>
    readFileSync(join(scripts, file), "utf8")
      .split("\n")
      .filter((line) => /^(?!\s*#)(?!.*printf).*(?<![-\w:{"./])terraform +(?:-chdir|-|[a-z])/.test(line))
      .map((line) => `${file}: ${line.trim()}`),
  );
  expect(byName).toEqual([]);
});
