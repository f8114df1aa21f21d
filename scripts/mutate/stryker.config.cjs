// Configures `npm run mutate:typescript`, which mutates every operator, literal and condition of a folder.
module.exports = {
  testRunner: "jest",
  jest: { configFile: "scripts/mutate/stryker-jest.config.cjs", enableFindRelatedTests: false },
  // The documentation's output is two committed files, which people read and generate again.
  mutate: ["environments/**/*.ts", "!environments/documentation/**"],
  coverageAnalysis: "perTest",
  // Jest keeps the modules of earlier runs, and a large heap slows it down.
  maxTestRunnerReuse: 50,
  // Code that runs while a file loads would need all tests for each mutant. The table in mutants/ covers it.
  ignoreStatic: true,
  // Stryker reads tsconfig.json with the compiler's JavaScript API, which TypeScript 7 no longer has. Swc does not need it.
  tsconfigFile: "none",
  disableTypeChecks: false,
  packageManager: "npm",
  reporters: ["clear-text", "json"],
  clearTextReporter: { allowColor: false, logTests: false, skipFull: true },
  jsonReporter: { fileName: "cdktf.out/mutants.json" },
  tempDirName: require("node:path").join(require("node:os").tmpdir(), "stryker"),
  thresholds: { high: 95, low: 90, break: 95 },
};
