// What `npm run mutate:typescript` mutates, one folder at a time: every operator, literal and condition in it.
module.exports = {
  testRunner: "jest",
  jest: { configFile: "scripts/mutate/stryker-jest.config.cjs", enableFindRelatedTests: false },
  mutate: ["environments/*.ts"],
  coverageAnalysis: "perTest",
  // What is evaluated while a file loads takes all tests for each mutant: the table in mutants/ has those.
  ignoreStatic: true,
  // Stryker reads tsconfig.json by the compiler's JavaScript API, which TypeScript 7 has no more; Swc needs none.
  tsconfigFile: "none",
  disableTypeChecks: false,
  packageManager: "npm",
  reporters: ["clear-text", "json"],
  clearTextReporter: { allowColor: false, logTests: false, skipFull: true },
  jsonReporter: { fileName: "cdktf.out/mutants.json" },
  tempDirName: require("node:path").join(require("node:os").tmpdir(), "stryker"),
  thresholds: { high: 95, low: 90, break: null },
};
