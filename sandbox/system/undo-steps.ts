import { inTurn } from "../../lib/processes/in-turn";
import { UserError } from "../../lib/processes/user-error";

/** The steps that undo a start, the last step first. */
export class UndoSteps {
  readonly #steps: (() => Promise<unknown>)[] = [];
  #undoing?: Promise<void>;

  /**
   * Adds a step. Call this directly after the work that the step undoes. If the undo has already begun, this runs the step
   * at once.
   *
   * @throws UserError if the undo has already begun, so that the start stops
   */
  async add(step: () => Promise<unknown>): Promise<void> {
    if (!this.#undoing) {
      this.#steps.unshift(step);
      return;
    }
    await step();
    throw new UserError("The sandbox was stopped while it started.");
  }

  /** Runs all steps, even if some fail. Then throws the first failure. A second call waits for the first. */
  undo(): Promise<void> {
    this.#undoing ??= inTurn(...this.#steps);
    return this.#undoing;
  }
}
