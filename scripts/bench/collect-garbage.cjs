// NODE_OPTIONS loads this before the measured application. On SIGUSR2 it runs a full garbage collection.
const { setFlagsFromString } = require("node:v8");
const { runInNewContext } = require("node:vm");

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc");
process.on("SIGUSR2", () => collect());
