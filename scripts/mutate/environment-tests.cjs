const { readdirSync } = require("node:fs");
const { join } = require("node:path");

/*
 * The tests of environments/ that start no program and compare no generated file, as one file for Jest: Stryker loads every test
 * file for every change, and here they share their modules.
 */
const folder = join(__dirname, "../../test/environments");
for (const file of readdirSync(folder).sort()) {
  if (file.endsWith(".test.ts") && !/^(?:main|schema)\./.test(file)) require(join(folder, file));
}
