import { createApplication } from "./application";
import { Unavailable } from "./errors";
import { sleep } from "./retry";
import type { RewrappingProgress } from "./rewrapping";
import { readSettings } from "./settings";

/** Milliseconds to wait for Vault and the database. */
const startDeadlineMs = 60_000;
/** Milliseconds between two lines about the progress. */
const betweenLinesMs = 1_000;

/** `node rewrap.js`: run it after a rotation of the key, with the application's settings and identity. */
async function main(): Promise<void> {
  const application = await createApplication(readSettings(process.env), { seed: false });
  try {
    await untilReady(() => application.ready());
    let said = Number.NEGATIVE_INFINITY;
    const { done, keyVersion } = await application.rewrap((progress) => {
      if (performance.now() - said < betweenLinesMs && progress.done < progress.total) return;
      said = performance.now();
      console.error(`rewrap: ${progressText(progress)}`);
    });
    console.error(`rewrap: done, ${done} customers; all are at version ${keyVersion} of the key`);
  } finally {
    await application.close();
  }
}

function progressText({ done, total, keyVersion, rowsPerSecond, secondsLeft }: RewrappingProgress): string {
  const percent = total === 0 ? 100 : Math.floor((done / total) * 100);
  const speed = rowsPerSecond === undefined ? "" : `, ${rowsPerSecond} a second, ${secondsLeft} s left`;
  return `${done} of ${total} customers encrypted with version ${keyVersion} (${percent} %${speed})`;
}

async function untilReady(
  ready: () => Promise<{ ready: boolean; reasons: readonly string[] }>,
): Promise<void> {
  const deadline = Date.now() + startDeadlineMs;
  let said = "";
  for (;;) {
    const { ready: isReady, reasons } = await ready();
    if (isReady) return;
    const reason = reasons.join(" ");
    if (Date.now() > deadline) throw new Unavailable(`Timed out: ${reason}`, 60);
    if (reason !== said) console.error(`rewrap: waiting: ${reason}`);
    said = reason;
    await sleep(500);
  }
}

main().catch((error) => {
  console.error(`rewrap: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
});
