import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { Unavailable } from "../../../app/errors";
import { newCustomer } from "./examples";
import { MemoryApplication } from "./memory-application";
import { start } from "./web-client";

const executable = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
const images = join(__dirname, "../../../docs/images");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

/** Without Chromium skipped, with the reason in the name; with CI failing. */
const withChromium = existsSync(executable) || process.env["CI"] ? describe : describe.skip;
const reason = existsSync(executable)
  ? ""
  : ` (skipped: no ${executable}; apt-get install chromium, or set CHROMIUM)`;

const widths = [
  ["desktop", { width: 1280, height: 800 }],
  ["phone", { width: 390, height: 844 }],
] as const;

withChromium(`In a browser${reason}`, () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: executable,
      args: [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    });
  });

  afterAll(() => browser?.close());

  describe.each(widths)("on a %s", (device, viewport) => {
    let context: BrowserContext;
    let page: Page;
    let application: MemoryApplication;
    let address: string;
    /** What the browser's console complained about: refused styles, missing files. */
    let complaints: string[];

    beforeEach(async () => {
      application = new MemoryApplication(26);
      const { server } = await start({}, application);
      address = await server.listen({ port: 0, host: "127.0.0.1" });
      // Without script, as the pages promise; the accessibility check brings its own into an isolated world.
      context = await browser.newContext({ viewport, baseURL: address, colorScheme: "light" });
      page = await context.newPage();
      complaints = [];
      page.on("console", (message) => {
        if (message.type() === "error") complaints.push(message.text());
      });
    });

    afterEach(() => context.close());

    /** No violation of WCAG 2.2 AA or of good practice, in light and in dark, and nothing wider than the screen. */
    async function isFitForPeople(): Promise<void> {
      for (const colorScheme of ["dark", "light"] as const) {
        await page.emulateMedia({ colorScheme });
        expect(await violations(page)).toEqual([]);
      }
      expect(await page.evaluate("document.documentElement.scrollWidth - innerWidth")).toBeLessThanOrEqual(0);
    }

    async function screenshot(name: string, dark = false): Promise<void> {
      if (!process.env["UPDATE_SCREENSHOTS"]) return;
      mkdirSync(images, { recursive: true });
      await page.emulateMedia({ colorScheme: dark ? "dark" : "light" });
      writeFileSync(join(images, `${name}-${device}${dark ? "-dark" : ""}.png`), await page.screenshot());
    }

    it("is told by the check what is wrong with a page", async () => {
      await page.setContent(
        "<html><body><input><p style='color:#ccc;background:#fff'>faint</p></body></html>",
      );
      expect((await violations(page)).join()).toMatch(/color-contrast.*label/s);
    });

    it("shows the list, in pages", async () => {
      await page.goto("/");
      expect(await page.title()).toBe("Customers – Customer records");
      await isFitForPeople();
      await screenshot("customers");
      await screenshot("customers", true);
      await page.getByRole("link", { name: "Next" }).click();
      expect(await page.getByText("21 to 26 of 26").count()).toBe(1);
      await page.getByRole("link", { name: "Previous" }).click();
      expect(await page.getByRole("row").count()).toBe(21);
      expect(complaints).toEqual([]);
    });

    it("adds a customer, after mending what was wrong", async () => {
      await page.goto("/customers");
      await page.getByRole("link", { name: "Add a customer" }).click();
      await isFitForPeople();
      await page.getByLabel("First name").fill(newCustomer.firstName);
      await page.getByLabel("Social security number").fill("12");
      await page.getByRole("button", { name: "Save" }).click();
      expect(await page.getByRole("alert").count()).toBe(1);
      await isFitForPeople();
      await screenshot("problems");
      await page.getByRole("link", { name: "The last name is missing." }).click();
      expect(await page.evaluate("document.activeElement.id")).toBe("lastName");
      await fill(page);
      await screenshot("add");
      await page.getByRole("button", { name: "Save" }).click();
      expect(await page.getByRole("status").textContent()).toBe("The customer was added.");
      expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe("Grace Beispiel");
      await isFitForPeople();
      await screenshot("details");
      expect(application.customers.get(27)).toMatchObject(newCustomer);
    });

    it("edits a customer, and settles a conflict", async () => {
      await page.goto("/customers/1");
      await page.getByRole("link", { name: "Edit" }).click();
      await page.getByLabel("City").fill("Mine");
      await application.store.edit(1, { ...newCustomer, city: "Theirs" }, 1);
      await page.getByRole("button", { name: "Save" }).click();
      expect(await page.getByText("Saved meanwhile: Theirs").count()).toBe(1);
      await isFitForPeople();
      await screenshot("conflict");
      await page.getByRole("button", { name: "Replace with mine" }).click();
      expect(await page.getByRole("status").textContent()).toBe("The changes were saved.");
      expect(application.customers.get(1)?.city).toBe("Mine");
    });

    it("deletes a customer, after asking", async () => {
      await page.goto("/customers");
      await page.getByRole("link", { name: "Delete Ada Example", exact: true }).click();
      await isFitForPeople();
      await screenshot("delete");
      await page.getByRole("link", { name: "Keep" }).click();
      await page.getByRole("link", { name: "Delete" }).click();
      await page.getByRole("button", { name: "Delete" }).click();
      expect(await page.getByRole("status").textContent()).toBe("The customer was deleted.");
      expect(application.customers.has(1)).toBe(false);
    });

    it("finds customers, and says when it cannot", async () => {
      await page.goto("/customers");
      await page.getByLabel("Search").fill("lucja@example.org");
      await page.getByLabel("Search").press("Enter");
      expect(page.url()).toBe(`${address}/customers/search`);
      expect(await page.getByText("1 to 9 of 9").count()).toBe(1);
      await isFitForPeople();
      await page.getByLabel("Search").fill("<nothing>");
      await page.getByRole("button", { name: "Search" }).click();
      expect(await page.getByRole("alert").count()).toBe(1);
      await isFitForPeople();
      await page.getByRole("link", { name: "Show all" }).click();
      await page.getByLabel("Search").fill("3");
      await page.getByRole("button", { name: "Search" }).click();
      expect(page.url()).toBe(`${address}/customers?search=3`);
      expect(await page.getByRole("rowheader").count()).toBe(1);
    });

    it("shows what the database holds", async () => {
      await page.goto("/customers");
      await page.getByRole("link", { name: "In the database" }).click();
      await page.getByText("Keyed hashes").first().click();
      await isFitForPeople();
      await page.getByText("Keyed hashes").first().click();
      await page.evaluate("scrollTo(0, 0)");
      await screenshot("database");
      await page.getByRole("link", { name: "Next" }).click();
      expect(await page.getByText("6 to 10 of 26").count()).toBe(1);
    });

    it("shows how the application got here", async () => {
      await page.goto("/customers");
      await page.getByRole("link", { name: "How it got here" }).click();
      await isFitForPeople();
      await screenshot("system");
      application.readiness = { ready: false, reasons: ["Vault is sealed."], retryAfterSeconds: 5 };
      await page.reload();
      expect(await page.getByRole("alert").textContent()).toContain("Vault is sealed.");
      await isFitForPeople();
    });

    it("says what is away, and that a page is not there", async () => {
      await page.goto("/nowhere");
      await isFitForPeople();
      await page.goto("/customers/new");
      await fill(page);
      application.broken = new Unavailable("Vault is sealed.", 5);
      await page.getByRole("button", { name: "Save" }).click();
      expect(await page.getByRole("alert").textContent()).toContain("Vault is sealed.");
      expect(await page.getByLabel("City").inputValue()).toBe(newCustomer.city);
      await isFitForPeople();
      await page.goto("/customers");
      await isFitForPeople();
      await screenshot("unavailable");
      application.broken = undefined;
      await page.reload();
      expect(await page.getByRole("rowheader").count()).toBe(20);
    });

    it("is used with the keyboard alone", async () => {
      await page.goto("/customers");
      await page.keyboard.press("Tab");
      expect(await page.evaluate("document.activeElement.textContent")).toBe("Skip to the content");
      await page.keyboard.press("Enter");
      expect(await page.evaluate("document.activeElement.id")).toBe("main");
      await page.keyboard.press("Tab");
      expect(await page.evaluate("document.activeElement.textContent")).toBe("Add a customer");
      expect(await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")).toBe("solid");
      await page.keyboard.press("Enter");
      await page.waitForURL("**/customers/new");
      for (const value of Object.keys(newCustomer)) expect(await page.locator(`#${value}`).count()).toBe(1);
    });

    it("works without script", async () => {
      const plain = await browser.newContext({ viewport, baseURL: address, javaScriptEnabled: false });
      const page = await plain.newPage();
      await page.goto("/customers/new");
      await fill(page);
      await page.getByRole("button", { name: "Save" }).click();
      expect(await page.getByRole("status").textContent()).toBe("The customer was added.");
      await plain.close();
    });
  });
});

async function fill(page: Page): Promise<void> {
  for (const [field, value] of Object.entries(newCustomer)) await page.locator(`#${field}`).fill(value);
}

/** Rules of axe-core that the page breaks, and where. */
async function violations(page: Page): Promise<string[]> {
  // Evaluated rather than added as a script: the page's policy refuses every script, and should.

  return page.evaluate(
    `${axe};axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) =>
      violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => id + " at " + target + ": " + failureSummary)))`,
  );
}
