import { Unavailable } from "./errors";
import type { RewrappingProgress } from "./rewrapping";

/** The progress of this run, or the result of the last one. */
export interface RewrapState {
  running: boolean;
  progress?: RewrappingProgress;
  /** A sentence that says why the run ended early. */
  problem?: string;
}

/** Encrypts rows again while the application works. Only one run works at a time. */
export class RewrapJob {
  state: RewrapState = { running: false };

  /** @param rewrap the application's own */
  constructor(
    private readonly rewrap: (
      onProgress: (progress: RewrappingProgress) => void,
    ) => Promise<RewrappingProgress>,
  ) {}

  /** Resolves when the run ends. @throws only unexpected errors, for the log */
  async start(): Promise<void> {
    if (this.state.running) return;
    this.state = { running: true };
    try {
      const progress = await this.rewrap((it) => {
        this.state = { running: true, progress: it };
      });
      this.state = { running: false, progress };
    } catch (error) {
      const problem =
        error instanceof Unavailable
          ? error.reason
          : "An unexpected error stopped the run. The log says where.";
      this.state = { running: false, progress: this.state.progress, problem };
      if (!(error instanceof Unavailable)) throw error;
    }
  }
}
