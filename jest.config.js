module.exports = {
  testEnvironment: "node",
  // For a machine that builds Vault beside the tests; a test that hangs still ends.
  testTimeout: 60_000,
  // Swc strips the types; checking them is the task of `npm run check`.
  transform: { "\\.ts$": ["@swc/jest", { jsc: { parser: { syntax: "typescript" }, target: "es2023" } }] },
  testMatch: ["<rootDir>/test/**/*.test.ts"],
  modulePathIgnorePatterns: ["<rootDir>/cdktf.out"],
};
