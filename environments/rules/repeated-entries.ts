import { z } from "zod";
import { excerpt, fieldName, type Problem, type Read, repeated } from "../problem";

/** Reports the entries of a list of strings that the list contains already. */
export function entriesDiffer(read: Read, ...path: (string | number)[]): Problem[] {
  const values = (read(z.array(z.unknown()), ...path) ?? []).map((value) =>
    typeof value === "string" ? value : undefined,
  );
  return repeated(values).map((index) => ({
    field: fieldName([...path, index]),
    sentence: `${excerpt(values[index])} is already in this list; remove this entry.`,
  }));
}
