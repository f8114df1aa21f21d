/** The tests of environments/ that start no program, without snapshots and without comparisons of generated files. */
module.exports = {
  ...require("../../jest.config.js"),
  // Stryker has its own.
  testEnvironment: "node",
  rootDir: require("node:path").join(__dirname, "../.."),
  testMatch: ["<rootDir>/test/environments/!(main|schema).test.ts"],
  setupFilesAfterEnv: ["<rootDir>/scripts/mutate/without-snapshots.ts"],
};
