/** The tests of environments/ that start no program, without snapshots and without comparisons of generated files. */
module.exports = {
  ...require("../../jest.config.js"),
  testEnvironment: require("node:path").join(__dirname, "first-failure-ends.cjs"),
  rootDir: require("node:path").join(__dirname, "../.."),
  testMatch: ["<rootDir>/test/environments/!(main|schema).test.ts"],
  setupFilesAfterEnv: ["<rootDir>/scripts/mutate/without-snapshots.ts"],
};
