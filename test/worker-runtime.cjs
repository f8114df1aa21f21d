const { default: Runtime } = require("jest-runtime");

/** They keep no state but cdktf's tokens, and throw nothing that a test compares by its class. */
const SHARED = /^(cdktf|constructs|@cdktf\/provider-\w+)(\/|$)/;

/**
 * Runs a suite's code. Jest loads each module again for each suite. Here all suites of a worker share the libraries above,
 * whose loading takes longer than most suites' tests.
 */
module.exports = class WorkerRuntime extends Runtime {
  constructor(...parameters) {
    super(...parameters);
    // A token holds the constructs of its suite, and so everything that the suite loaded. The counter continues, so that no
    // number is given twice.
    globalThis.__cdktfTokenMap?.stringTokenMap.clear();
    globalThis.__cdktfTokenMap?.numberTokenMap.clear();
  }

  requireModuleOrMock(from, name) {
    return SHARED.test(name) ? require(name) : super.requireModuleOrMock(from, name);
  }
};
