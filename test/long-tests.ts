/** Tests take their long forms: the environment variable LONG_TESTS, which scripts/pipeline/long-tests sets each night. */
export const longTests = Boolean(process.env["LONG_TESTS"]);

/** A test whose kind a shorter test of its suite covers. It runs only in the long forms. */
export const itTakesLong = longTests ? it : it.skip;
