import { type Browser, chromium } from "playwright-core";
import { programOnPath } from "../../program-on-path";

const names = ["chromium", "chromium-browser", "google-chrome"];

/** The system's browser: CHROMIUM, or else the one on PATH. playwright-core has no browser. */
const program = process.env["CHROMIUM"] ?? names.map((name) => programOnPath(name)).find(Boolean);

/** Explains why there is no browser, and what to do. */
export function chromiumMissing(): string | undefined {
  return program
    ? undefined
    : "Chromium is missing. Install it (apt-get install chromium), or set CHROMIUM to its path.";
}

export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: program,
    args: [
      "--headless",
      // Chromium's sandbox does not run as root, and containers do. The test opens only its own pages.
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
