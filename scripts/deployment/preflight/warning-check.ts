import { environmentWarnings } from "../../../environments/warnings";
import type { Check } from "./check";

/** What the environment may say, although something else is better. */
export const checkWarnings: Check = ({ environment, warn }) => {
  for (const { field, sentence } of environmentWarnings(environment)) warn(`${field}: ${sentence}`);
  return [];
};
