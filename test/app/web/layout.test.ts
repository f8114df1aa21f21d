import type { AddressInfo } from "node:net";
import type { Browser } from "playwright-core";
import { longest } from "../../../app/customers/customer-input";
import { describeUnless } from "../../sandbox/programs-there";
import { chromiumMissing, launchChromium } from "./chromium";
import { newCustomer } from "./examples";
import { MemoryApplication } from "./memory-application";
import { start } from "./web-client";

const missing = chromiumMissing() ?? "";

/** The longest that each field takes, without a place to break the line at. */
const longestCustomer = {
  ...newCustomer,
  ...Object.fromEntries(
    (["firstName", "lastName", "address", "city"] as const).map((field) => [
      field,
      "W".repeat(longest[field]),
    ]),
  ),
  email: `${"w".repeat(64)}@${"w".repeat(longest.email - 65)}`,
};

describeUnless(missing, "The longest text that a field takes", () => {
  let browser: Browser;
  let address: string;

  beforeAll(async () => {
    const application = new MemoryApplication();
    await application.store.add(longestCustomer);
    const { server } = await start({}, application);
    await server.listen({ host: "127.0.0.1", port: 0 });
    address = `http://127.0.0.1:${(server.server.address() as AddressInfo).port}`;
    browser = await launchChromium();
  }, 120_000);

  afterAll(() => browser?.close());

  it.each([320, 390, 768, 1024, 1280, 1920])("stays on a screen of %d pixels", async (width) => {
    const page = await browser.newPage({ viewport: { width, height: 800 }, baseURL: address });
    try {
      for (const path of ["", "/4", "/4/edit", "/4/delete"]) {
        await page.goto(`/customers${path}`);
        // The head of a table is hidden on phones, by clipping, with all that is in it.
        const tooWide = await page.evaluate(
          `[...document.querySelectorAll("body *")]
            .filter((it) => it.getBoundingClientRect().right > innerWidth + 1)
            .filter((it) => !it.closest("thead") || getComputedStyle(it.closest("thead")).position !== "absolute")
            .map((it) => it.tagName + "." + it.className)`,
        );
        const scrolls = await page.evaluate("document.documentElement.scrollWidth > innerWidth");
        expect([path, tooWide, scrolls]).toEqual([path, [], false]);
      }
    } finally {
      await page.close();
    }
  });
});
