import type { Upstream } from "./upstream";

/** `unknown`: the source could not be asked, or its answer could not be read. It is never taken for good. */
export type Result = "good" | "act" | "unknown";

export interface Finding {
  readonly result: Result;
  /** What was found and, unless the result is good, what to do. */
  readonly sentence: string;
}

/** Something that others decide and on which the project stands. */
export interface Fact {
  readonly name: string;
  /** What the project holds, read from where the project uses it. */
  readonly value: string;
  /** Files of the project that hold or use the value. */
  readonly usedIn: readonly string[];
  /** Where a person reads the answer. */
  readonly source: string;
  /** Further strings of the code that this row answers for: hosts, fingerprints, versions of an API. */
  readonly covers?: readonly string[];
  readonly judge: (upstream: Upstream, today: Date) => Promise<Finding>;
}

export function good(sentence: string): Finding {
  return { result: "good", sentence };
}

export function act(sentence: string): Finding {
  return { result: "act", sentence };
}

export function unknown(sentence: string): Finding {
  return { result: "unknown", sentence };
}
