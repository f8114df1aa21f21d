const { default: Sequencer } = require("@jest/test-sequencer");

const WHOLE_SYSTEMS = /\/test\/(?:app|sandbox\/system)\//;

/**
 * Jest starts the suites that took longest in the last run first. In a new clone it knows no times, and starts the largest files first.
 * Then the suites that start whole systems begin here, because most of them are short files that take minutes.
 */
module.exports = class WholeSystemsFirst extends Sequencer {
  sort(tests) {
    const sorted = super.sort(tests);
    if (sorted.some(({ duration }) => duration !== undefined)) return sorted;
    const isFirst = ({ path }) => WHOLE_SYSTEMS.test(path);
    return [...sorted.filter(isFirst), ...sorted.filter((test) => !isFirst(test))];
  }
};
