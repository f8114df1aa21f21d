import { environmentWarnings } from "../../../environments/warnings";
import type { Check } from "./check";

/** Warns about settings that are allowed although another one is better. */
export const checkWarnings: Check = ({ environment, warn }) => {
  for (const { field, sentence } of environmentWarnings(environment)) warn(`${field}: ${sentence}`);
  return [];
};
