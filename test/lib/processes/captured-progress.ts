import { Writable } from "node:stream";
import { Progress, type ProgressOptions } from "../../../lib/processes/progress";

/** A progress reporter and a function that returns its output. */
export function capturedProgress(options: ProgressOptions & { isTTY?: boolean } = {}) {
  let text = "";
  const stream = Object.assign(
    new Writable({
      write(chunk, _encoding, done) {
        text += chunk;
        done();
      },
    }),
    { isTTY: options.isTTY },
  );
  return { progress: new Progress({ env: {}, ...options, stream }), text: () => text };
}
