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

export default TestEnvironment;
