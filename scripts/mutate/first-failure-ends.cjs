const { TestEnvironment } = require("jest-environment-node");

/** For Jest: after a file's first failure, its other tests are skipped. One failure is enough to catch a mistake. */
module.exports = class FirstFailureEnds extends TestEnvironment {
  failed = false;

  handleTestEvent({ name, test }) {
    if (name === "test_done" && test.errors.length > 0) this.failed = true;
    if (name === "test_start" && this.failed) test.mode = "skip";
  }
};
