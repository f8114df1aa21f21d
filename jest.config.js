module.exports = {
  runtime: "<rootDir>/test/worker-runtime.cjs",
  testSequencer: "<rootDir>/test/whole-systems-first.cjs",
  testEnvironment: "<rootDir>/test/worker-environment.ts",
  // Jest leaves one processor free, which is half of two.
  maxWorkers: "100%",
  // This is long enough for a machine that builds Vault at the same time. A hanging test still ends.
  testTimeout: 60_000,
  // Swc strips the types; checking them is the task of `npm run check`.
  transform: {
    "\\.ts$": ["@swc/jest", { jsc: { parser: { syntax: "typescript" }, target: "es2023" } }],
    // Published as an ES module, which Jest cannot require from Fastify.
    "/node_modules/cookie/.*\\.js$": [
      "@swc/jest",
      { jsc: { target: "es2023" }, module: { type: "commonjs" } },
    ],
  },
  transformIgnorePatterns: ["/node_modules/(?!cookie/)"],
  testMatch: ["<rootDir>/test/**/*.test.ts"],
  modulePathIgnorePatterns: ["<rootDir>/cdktf.out"],
};
