/** The quick tests of environments/, without snapshots. */
module.exports = {
  ...require("../../jest.config.js"),
  // Stryker has its own.
  testEnvironment: "node",
  rootDir: require("node:path").join(__dirname, "../.."),
  testMatch: ["<rootDir>/test/environments/{bad-input,boundaries,duration,policy-paths,warnings}.test.ts"],
  setupFilesAfterEnv: ["<rootDir>/scripts/mutate/without-snapshots.ts"],
};
