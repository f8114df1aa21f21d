import type { AddressInfo } from "node:net";
import type { Browser, Page } from "playwright-core";
import { longest } from "../../../app/customers/customer-input";
import { Unavailable } from "../../../app/errors";
import { longTests } from "../../long-tests";
import { describeUnless } from "../../sandbox/programs-there";
import { colourRules, violations } from "./axe";
import { chromiumMissing, launchChromium } from "./chromium";
import { newCustomer } from "./examples";
import { MemoryApplication } from "./memory-application";
import { start } from "./web-client";

const missing = chromiumMissing() ?? "";

/** The longest text of each field, without a place for a line break. */
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

const sizes = [320, 390, 768, 1024, 1280, 1920];
/** Widths at which axe-core checks every page. It is slow, so only long tests use all widths. */
const lookedAt: readonly number[] = longTests ? sizes : [390];
/** The colour schemes, and the rules to check. The second scheme differs in its colours only. */
const schemes: readonly ["dark" | "light", (readonly string[])?][] = [
  ["dark"],
  longTests ? ["light"] : ["light", colourRules],
];
/** These pages have every pair of text colour and background between them. Only long tests check the second scheme on all pages. */
const withEveryColour = [
  "list",
  "numbers revealed",
  "in the database",
  "form with problems",
  "delete",
  "system while a part fails",
];

describeUnless(missing, "Every page", () => {
  const application = new MemoryApplication(2_000);
  let id = 0;
  let browser: Browser;
  let address: string;
  /** The tests share a page, because a new one takes a second of processor time. */
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    ({ id } = await application.store.add(longestCustomer));
    const { server } = await start({}, application);
    await server.listen({ host: "127.0.0.1", port: 0 });
    address = `http://127.0.0.1:${(server.server.address() as AddressInfo).port}`;
    browser = await launchChromium();
    page = await browser.newPage({ baseURL: address });
    page.on("console", (message) => {
      // The browser also reports each page whose status is an error.
      if (!message.text().startsWith("Failed to load resource")) complaints.push(message.text());
    });
  }, 120_000);
  beforeEach(async () => {
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.emulateMedia({ media: null, colorScheme: null, forcedColors: null });
    complaints.length = 0;
  });
  afterAll(() => browser?.close());

  /** How to open each page. Pages with fields show the longest text of each field. */
  const pages: Readonly<Record<string, (page: Page) => Promise<unknown>>> = {
    list: (page) => page.goto("/customers?page=50&pageSize=20&sort=-number"),
    "list with the longest": (page) => page.goto(`/customers?search=${id}`),
    "search that cannot be done": async (page) => {
      await page.goto("/customers");
      await page.getByLabel("Search").fill("<nothing>");
      await page.getByRole("button", { name: "Search" }).click();
    },
    customer: (page) => page.goto(`/customers/${id}`),
    "numbers revealed": async (page) => {
      await page.goto(`/customers/${id}`);
      await page.getByRole("button", { name: "Reveal" }).click();
    },
    "in the database": (page) => page.goto(`/customers/${id}/stored`),
    edit: (page) => page.goto(`/customers/${id}/edit`),
    "form with problems": async (page) => {
      await page.goto("/customers/new");
      await page.getByRole("button", { name: "Save", exact: true }).click();
    },
    "customer that is there already": async (page) => {
      await page.goto("/customers/new");
      for (const [field, value] of Object.entries(longestCustomer))
        await page.locator(`#${field}`).fill(value);
      await page.getByRole("button", { name: "Save", exact: true }).click();
    },
    delete: (page) => page.goto(`/customers/${id}/delete`),
    deleted: async (page) => {
      await page.goto(`/customers/${id}/delete`);
      await page.getByRole("button", { name: "Delete" }).click();
      await page.getByRole("button", { name: "Undo" }).waitFor();
      const [removed] = await Promise.all([page.locator("[name=removed]").inputValue()]);
      await application.store.restore(JSON.parse(Buffer.from(removed, "base64url").toString("utf8")));
    },
    "changed by two people": async (page) => {
      await page.goto(`/customers/${id}/edit`);
      const { version, ...read } = await application.store.get(id);
      await application.store.edit(id, { ...read, city: "V".repeat(longest.city) }, version);
      await page.locator("#city").fill("M".repeat(longest.city));
      await page.getByRole("button", { name: "Save", exact: true }).click();
      await page.getByText("Saved meanwhile:").waitFor();
    },
    database: (page) => page.goto("/database"),
    key: (page) => page.goto("/key"),
    system: (page) => page.goto("/system"),
    "system while a part fails": async (page) => {
      application.steps = {
        identity: { state: "unknown" },
        vault: { state: "fails", reason: "Vault is sealed." },
        database: { state: "works" },
        encryption: { state: "fails", reason: "Vault is sealed." },
      };
      application.readiness = { ready: false, reasons: ["Vault is sealed."], retryAfterSeconds: 5 };
      await page.goto("/system");
    },
    API: (page) => page.goto("/api"),
    "not found": (page) => page.goto("/nowhere"),
    unavailable: async (page) => {
      application.broken = new Unavailable("The database does not answer.", 600);
      await page.goto("/customers").finally(() => {
        application.broken = undefined;
      });
    },
  };

  it.each(Object.entries(pages))(
    "(%s) fits screens of every size, and axe-core finds nothing",
    async (name, visit) => {
      await visit(page);
      const here = longTests || withEveryColour.includes(name) ? schemes : schemes.slice(0, 1);
      for (const width of sizes) {
        await page.setViewportSize({ width, height: 800 });
        // Phones hide the head of a table by clipping.
        const tooWide = await page.evaluate(
          `[...document.querySelectorAll("body *")]
          .filter((it) => it.getBoundingClientRect().right > innerWidth + 1)
          .filter((it) => !it.closest("thead") || getComputedStyle(it.closest("thead")).position !== "absolute")
          .filter((it) => !it.closest("pre"))
          .map((it) => it.tagName + "." + it.className)`,
        );
        const scrolls = await page.evaluate("document.documentElement.scrollWidth > innerWidth");
        expect([width, tooWide, scrolls]).toEqual([width, [], false]);
        if (!lookedAt.includes(width)) continue;
        for (const [colorScheme, rules] of here) {
          await page.emulateMedia({ colorScheme });
          expect([width, colorScheme, await violations(page, rules)]).toEqual([width, colorScheme, []]);
        }
      }
      expect(complaints).toEqual([]);
    },
    60_000,
  );

  it("is really checked, because axe-core finds the errors of a bad page", async () => {
    // The application's policy blocks styles in elements.
    await page.goto("about:blank");
    await page.setContent("<html><body><input><p style='color:#ccc;background:#fff'>faint</p></body></html>");
    expect((await violations(page)).join()).toMatch(/color-contrast.*label/s);
  });

  it("prints without the parts that only a screen needs", async () => {
    await page.emulateMedia({ media: "print" });
    await page.goto(`/customers/${id}`);
    expect(await page.getByRole("heading", { level: 1 }).isVisible()).toBe(true);
    for (const hidden of ["navigation", "button", "contentinfo"] as const)
      expect([hidden, await page.getByRole(hidden).count()]).toEqual([hidden, 0]);
  });

  it("keeps its marks with forced colours", async () => {
    await page.emulateMedia({ forcedColors: "active" });
    await page.goto("/customers?page=2");
    const width = (selector: string) =>
      page.evaluate(`getComputedStyle(document.querySelector("${selector}")).borderTopWidth`);
    expect([await width(".panel"), await width(".paging .current"), await width("input")]).toEqual([
      "1px",
      "1px",
      "1px",
    ]);
    expect(await violations(page)).toEqual([]);
  });
});
