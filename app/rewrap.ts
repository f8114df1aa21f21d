import { createApplication } from "./application";
import { Unavailable } from "./errors";
import { sleep } from "./retry";
import { readSettings } from "./settings";

/** Milliseconds to wait for Vault and the database. */
const startDeadlineMs = 60_000;

/** `node rewrap.js`: run it after a rotation of the key, with the application's settings and identity. */
async function main(): Promise<void> {
  const application = await createApplication(readSettings(process.env), { seed: false });
  try {
    await untilReady(() => application.ready());
    const { done, keyVersion } = await application.rewrap(({ done, total, keyVersion }) => {
      const percent = total === 0 ? 100 : Math.floor((done / total) * 100);
      console.error(
        `rewrap: ${done} of ${total} customers encrypted with version ${keyVersion} (${percent} %)`,
      );
    });
    console.error(`rewrap: done, ${done} customers; all are at version ${keyVersion} of the key`);
  } finally {
    await application.close();
  }
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
