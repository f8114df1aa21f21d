import vm from "node:vm";
import { TestEnvironment } from "jest-environment-node";

type Compile = typeof vm.compileFunction;

/** V8's data by source. */
const compiled = new Map<string, Buffer>();
const compile: Compile = vm.compileFunction;

/**
 * Jest compiles each module again for each suite, which takes a fifth of the suites that start no programs. Here a worker
 * compiles each source once, and later suites get V8's data.
 */
vm.compileFunction = ((code, params, options) => {
  const cachedData = compiled.get(code);
  const compiledFunction = compile(code, params, { ...options, cachedData, produceCachedData: !cachedData });
  if (compiledFunction.cachedData) compiled.set(code, compiledFunction.cachedData);
  return compiledFunction;
}) satisfies Compile;

/** Synthesized systems of one run, as text, by environment. Many suites read the same four systems. */
const systems = new Map<string, string>();
let run: number | undefined;

/** The environment of a suite's code, which gets what the worker already has from earlier suites. */
export default class WorkerEnvironment extends TestEnvironment {
  constructor(...parameters: ConstructorParameters<typeof TestEnvironment>) {
    super(...parameters);
    const [config] = parameters;
    const { seed, watch, watchAll } = config.globalConfig;
    // Stryker starts several runs in one process. Each run has another seed.
    if (seed !== run) systems.clear();
    run = seed;
    // The sources may change while Jest watches them.
    if (!watch && !watchAll) this.global["synthesizedSystems"] = systems;
  }
}
