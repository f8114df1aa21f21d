import type { Upstream } from "./upstream";

/** `unknown`: the source did not answer, or its answer was unreadable. This never counts as good. */
export type Result = "good" | "act" | "unknown";

export interface Verdict {
  readonly result: Result;
  /** The finding and, unless the result is good, what to do. */
  readonly sentence: string;
}

/** Something that others decide and that the project relies on. */
export interface Fact {
  readonly name: string;
  /** The project's value, read from the place that uses it. */
  readonly value: string;
  /** Files of the project that hold or use the value. */
  readonly usedIn: readonly string[];
  /** The page on which a person reads the answer. */
  readonly source: string;
  /** Further strings of the code that this row covers: hosts, fingerprints, versions of an API. */
  readonly covers?: readonly string[];
  readonly judge: (upstream: Upstream, today: Date) => Promise<Verdict>;
}

export function good(sentence: string): Verdict {
  return { result: "good", sentence };
}

export function act(sentence: string): Verdict {
  return { result: "act", sentence };
}

export function unknown(sentence: string): Verdict {
  return { result: "unknown", sentence };
}
