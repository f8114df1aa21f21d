const { join } = require("node:path");

/** For Stryker: the tests of environments/, without snapshots. */
module.exports = {
  ...require("../../jest.config.js"),
  testEnvironment: join(__dirname, "first-failure-ends.cjs"),
  rootDir: join(__dirname, "../.."),
  testMatch: ["<rootDir>/scripts/mutate/environment-tests.cjs"],
  setupFilesAfterEnv: ["<rootDir>/scripts/mutate/without-snapshots.ts"],
};
