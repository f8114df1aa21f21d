import { inTurn } from "../../lib/processes/in-turn";
import { UserError } from "../../lib/processes/user-error";

/** What is to be done to undo a start, the last step first. */
export class UndoSteps {
  readonly #steps: (() => Promise<unknown>)[] = [];
  #undoing?: Promise<void>;

  /**
   * Call right after what it undoes was done. Once everything is being undone nobody will come back for it: then it is undone
   * at once.
   *
   * @throws UserError then, so that the start goes no further
   */
  async add(step: () => Promise<unknown>): Promise<void> {
    if (!this.#undoing) {
      this.#steps.unshift(step);
      return;
    }
    await step();
    throw new UserError("The sandbox was stopped while it started.");
  }

  /** All of them, whatever fails; then the first failure is thrown. A second call waits for the first. */
  undo(): Promise<void> {
    this.#undoing ??= inTurn(...this.#steps);
    return this.#undoing;
  }
}
