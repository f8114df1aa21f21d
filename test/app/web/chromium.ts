import { type Browser, chromium } from "playwright-core";
import { programOnPath } from "../../program-on-path";

const names = ["chromium", "chromium-browser", "google-chrome"];

/** CHROMIUM, else what is on PATH: the system's browser, since playwright-core brings none. */
const program = process.env["CHROMIUM"] ?? names.map((name) => programOnPath(name)).find(Boolean);

/** Why there is no browser, and the cure. */
export function chromiumMissing(): string | undefined {
  return program
    ? undefined
    : "There is no Chromium; install it (apt-get install chromium), or name its binary in CHROMIUM.";
}

export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: program,
    args: [
      "--headless",
      // Its sandbox refuses root, as whom containers run; the pages are the test's own.
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}
