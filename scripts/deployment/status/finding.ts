/** The result of a check of one part of the system. */
export interface Finding {
  /** The checked part, such as `certificate`. */
  readonly what: string;
  /** `unseen`: the check was not possible, so the part's health is unknown. `note`: it says nothing about health. */
  readonly state: "well" | "wrong" | "unseen" | "note";
  readonly says: string;
}

export const well = (what: string, says: string): Finding => ({ what, state: "well", says });
export const wrong = (what: string, says: string): Finding => ({ what, state: "wrong", says });
export const unseen = (what: string, says: string): Finding => ({ what, state: "unseen", says });
export const note = (what: string, says: string): Finding => ({ what, state: "note", says });

/** Returns a check's result. If the check fails, the result is `unseen` with its reason and cure. */
export async function look(what: string, find: () => Promise<Finding[]>): Promise<Finding[]> {
  try {
    return await find();
  } catch (error) {
    return [unseen(what, (error as Error).message)];
  }
}
