import { networkRules } from "./network-rules";
import { principalRules } from "./principal-rules";
import { type Problem, reader } from "./problem";
import { serverRules } from "./server-rules";
import { watchingRules } from "./watching-rules";
import { workloadRules } from "./workload-rules";

/** Checks relations between fields, which the schema cannot express. Reports every problem at once. */
export function checkRules(input: unknown): Problem[] {
  const read = reader(input);
  return [
    ...principalRules(read),
    ...networkRules(read),
    ...serverRules(read),
    ...workloadRules(read),
    ...watchingRules(read),
  ];
}
