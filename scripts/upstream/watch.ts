import { messageOf } from "../../lib/processes/user-error";
import { type Fact, unknown, type Verdict } from "./fact";
import { NoAnswer, type Upstream } from "./upstream";

export interface Row extends Verdict {
  readonly fact: Fact;
}

/** Judges all facts at the same time. The rows keep the table's order. */
export function watch(facts: readonly Fact[], upstream: Upstream, today: Date): Promise<Row[]> {
  return Promise.all(facts.map(async (fact) => ({ fact, ...(await finding(fact, upstream, today)) })));
}

async function finding(fact: Fact, upstream: Upstream, today: Date): Promise<Verdict> {
  try {
    return await fact.judge(upstream, today);
  } catch (error) {
    const reason =
      error instanceof NoAnswer ? error.message : `The answer could not be judged (${messageOf(error)})`;
    return unknown(`${reason}. Run this again. If it stays, read the source.`);
  }
}
