// Loaded before the measured application by NODE_OPTIONS: on SIGUSR2 everything is collected that nothing holds any more.
const { setFlagsFromString } = require("node:v8");
const { runInNewContext } = require("node:vm");

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc");
process.on("SIGUSR2", () => collect());
