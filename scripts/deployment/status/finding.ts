/** What a look at one part of the system found. */
export interface Finding {
  /** What was looked at, such as `certificate`. */
  readonly what: string;
  /** `unseen`: it could not be seen, so it may be well or wrong. `note`: it says nothing about health. */
  readonly state: "well" | "wrong" | "unseen" | "note";
  readonly says: string;
}

export const well = (what: string, says: string): Finding => ({ what, state: "well", says });
export const wrong = (what: string, says: string): Finding => ({ what, state: "wrong", says });
export const unseen = (what: string, says: string): Finding => ({ what, state: "unseen", says });
export const note = (what: string, says: string): Finding => ({ what, state: "note", says });

/** What a look found; a look that fails is `unseen`, with its reason and cure. */
export async function look(what: string, find: () => Promise<Finding[]>): Promise<Finding[]> {
  try {
    return await find();
  } catch (error) {
    return [unseen(what, (error as Error).message)];
  }
}
