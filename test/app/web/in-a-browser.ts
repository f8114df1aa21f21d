import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Connection } from "mysql2/promise";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { hasCheckDigit } from "../../../app/customers/customer-input";
import type { CustomerInput } from "../../../app/customers/customer-store";
import { madeUpCustomers } from "../../../app/customers/made-up-customers";
import { itTakesLong } from "../../long-tests";
import { describeUnless } from "../../sandbox/programs-there";
import type { RunningSandbox } from "../../sandbox/system/running-sandbox";
import { tokenLike } from "../../token-like";
import { dump, inspector, until } from "../running-application";
import { chromiumMissing, launchChromium } from "./chromium";
import { newCustomer } from "./examples";

const images = join(__dirname, "../../../docs/images");

const widths = [
  ["desktop", { width: 1280, height: 800 }],
  ["phone", { width: 390, height: 844 }],
] as const;

/** The screenshots in README.md and docs/application.md. Set UPDATE_SCREENSHOTS and LONG_TESTS to take them again. */
const screenshots = new Set([
  "customers-desktop",
  "customers-desktop-dark",
  "customers-phone",
  "database-desktop",
  "key-desktop",
  "problems-phone",
  "system-desktop",
  "unavailable-desktop",
]);

let people = 0;

/**
 * Makes a new customer, because the form asks about known ones. Each value has a part that no ciphertext contains by chance:
 * characters that base64 lacks, or many digits.
 */
function newPerson(): CustomerInput {
  people += 1;
  const card = `40000000000${String(people).padStart(4, "0")}`;
  const digit = [..."0123456789"].find((it) => hasCheckDigit(card + it));
  return {
    ...newCustomer,
    firstName: "Grace Anna",
    lastName: "Beispiel-Muster",
    city: "Nowhere upon Test",
    socialSecurityNumber: `900-77-${String(people).padStart(4, "0")}`,
    cardNumber: `${card}${digit}`,
    email: `grace${people}@example.net`,
  };
}

const [first, second] = madeUpCustomers as [
  (typeof madeUpCustomers)[number],
  (typeof madeUpCustomers)[number],
];
const nameOf = ({ firstName, lastName }: typeof first) => `${firstName} ${lastName}`;

/** @param running a whole system */
export const inABrowser = (running: RunningSandbox): void =>
  describeUnless(chromiumMissing(), "In a browser, on the deployed package", () => {
    let browser: Browser;
    let database: Connection;
    let address: string;

    beforeAll(async () => {
      [address = ""] = [...running.sandbox.webApps.values()].map(({ url }) => url);
      await untilReady();
      database = await inspector(running.sandbox);
      browser = await launchChromium();
    }, 240_000);

    afterAll(async () => {
      await browser?.close();
      await database?.end();
    });

    const untilReady = () =>
      until("the application to be ready", async () => (await fetch(`${address}/readyz`)).ok, 90_000);

    describe.each(widths)("on a %s", (device, viewport) => {
      /** layout.test.ts opens every page on screens of every size, so the short form needs one size here. */
      const itAtOneWidth = device === "desktop" ? it : itTakesLong;
      /** The tests share a page, because a new one takes a second of processor time. Each begins without cookies. */
      let context: BrowserContext;
      let page: Page;
      /** Errors in the browser's console, such as blocked styles and missing files. */
      let complaints: string[];
      /** The values that tests entered in any field. */
      let entered: Set<string>;
      let person: CustomerInput;

      beforeAll(async () => {
        // The pages must work without scripts. The accessibility check runs its own script in an isolated world.
        context = await browser.newContext({
          viewport,
          baseURL: address,
          colorScheme: "light",
          locale: "en-US",
        });
        page = await context.newPage();
        page.on("console", (message) => {
          if (message.type() === "error") complaints.push(message.text());
        });
      });
      afterAll(() => context?.close());

      beforeEach(async () => {
        await context.clearCookies();
        complaints = [];
        person = newPerson();
        entered = new Set();
      });

      afterEach(async () => {
        const stored = await dump(database);
        expect([...entered].filter((value) => stored.includes(value))).toEqual([]);
        // This includes the seeded customers.
        expect(stored).not.toContain(first.socialSecurityNumber);
        expect(stored).not.toContain(first.email);
      });

      /** Checks that nothing is wider than the screen. layout.test.ts checks every page with axe-core. */
      async function isFitForPeople(): Promise<void> {
        expect(await page.evaluate("document.documentElement.scrollWidth - innerWidth")).toBeLessThanOrEqual(
          0,
        );
      }

      async function screenshot(name: string, dark = false): Promise<void> {
        const file = `${name}-${device}${dark ? "-dark" : ""}`;
        if (!process.env["UPDATE_SCREENSHOTS"] || !screenshots.has(file)) return;
        mkdirSync(images, { recursive: true });
        await page.emulateMedia({ colorScheme: dark ? "dark" : "light" });
        writeFileSync(join(images, `${file}.png`), await page.screenshot());
      }

      async function enter(label: string, value: string): Promise<void> {
        await page.getByLabel(label).fill(value);
        entered.add(value);
      }

      async function enterPerson(target = page): Promise<void> {
        for (const [field, value] of Object.entries(person)) {
          await target.locator(`#${field}`).fill(value);
          entered.add(value);
        }
      }

      /** Adds the person with the form. Returns the customer number. */
      async function addPerson(): Promise<number> {
        await page.goto("/customers/new");
        await enterPerson();
        await page.getByRole("button", { name: "Save", exact: true }).click();
        expect(await page.getByRole("status").textContent()).toBe("The customer was added.");
        return Number(/customers\/(\d+)/.exec(page.url())?.[1]);
      }

      itAtOneWidth("shows the list, in pages", async () => {
        await page.goto("/");
        expect(await page.title()).toBe("Customers – Customer records");
        await isFitForPeople();
        await screenshot("customers");
        await screenshot("customers", true);
        await page.getByRole("link", { name: "Next" }).click();
        expect(await page.getByText(/^21 to 40 of 1\d\d$/).count()).toBe(1);
        await page.getByRole("link", { name: "Previous" }).click();
        expect(await page.getByRole("row").count()).toBe(21);
        // The earlier tests added these customers.
        await page
          .getByRole("link", { name: /^Page \d+$/ })
          .last()
          .click();
        expect(await page.getByText(/^1[024]1 to (1\d\d) of \1$/).count()).toBe(1);
        await page.getByRole("link", { name: "50 rows a page" }).click();
        await page.getByRole("link", { name: "newest first" }).click();
        expect(await page.getByText(/^1 to 50 of 1\d\d$/).count()).toBe(1);
        await isFitForPeople();
        expect(complaints).toEqual([]);
      });

      itAtOneWidth("adds a customer after a correction", async () => {
        await page.goto("/customers");
        await page.getByRole("link", { name: "Add a customer" }).click();
        await isFitForPeople();
        await enter("First name", person.firstName);
        await page.getByLabel("Social security number").fill("12");
        await page.getByRole("button", { name: "Save", exact: true }).click();
        expect(await page.getByRole("alert").count()).toBe(1);
        await isFitForPeople();
        await screenshot("problems");
        // The cursor is in the first invalid field.
        expect(await page.evaluate("document.activeElement.id")).toBe("lastName");
        await page.getByRole("link", { name: "The last name is missing." }).click();
        expect(await page.evaluate("document.activeElement.id")).toBe("lastName");
        await enterPerson();
        await page.getByRole("button", { name: "Save", exact: true }).click();
        expect(await page.getByRole("status").textContent()).toBe("The customer was added.");
        expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe(nameOf(person));
        await isFitForPeople();
        const shown = await page.getByRole("main").textContent();
        for (const value of [person.birthDate, person.address, person.city, person.email])
          expect(shown).toContain(value);
      });

      // customer-pages.test.ts covers it, and layout.test.ts opens the page.
      itTakesLong("asks before it adds a customer twice, and offers to add another", async () => {
        await addPerson();
        await page.goto("/customers/new");
        await enterPerson();
        await page.getByRole("button", { name: "Save", exact: true }).click();
        expect(await page.getByRole("alert").textContent()).toContain("Is this customer here already?");
        await isFitForPeople();
        await page.getByRole("button", { name: "Save and add another" }).click();
        expect(await page.getByRole("status").textContent()).toBe("The customer was added.");
        expect(await page.getByLabel("First name").inputValue()).toBe("");
        await isFitForPeople();
      });

      itAtOneWidth("reveals numbers on request, with an entry in Vault's audit log", async () => {
        await addPerson();
        const main = page.getByRole("main");
        expect(await main.textContent()).not.toContain(person.socialSecurityNumber);
        expect(await main.textContent()).toContain(`•••-••-${person.socialSecurityNumber.slice(-4)}`);
        await page.getByRole("button", { name: "Reveal the numbers" }).click();
        expect(await main.textContent()).toContain(person.socialSecurityNumber);
        await isFitForPeople();
        const [, auditId = "none"] =
          /by Vault as ([\w-]{36})/.exec((await page.getByRole("status").textContent()) ?? "") ?? [];
        const log = readFileSync(running.sandbox.vault.path("/var/log/vault/first-boot-audit.log"), "utf8");
        const lines = log.split("\n").filter((line) => line.includes(auditId));
        expect(lines.map((line) => JSON.parse(line).request.path)).toEqual(
          ["request", "response"].map(() => "transit/decrypt/customer-key"),
        );
        expect(lines.join()).not.toContain(person.socialSecurityNumber);
        await page.getByRole("link", { name: "Hide the numbers" }).click();
        expect(await main.textContent()).not.toContain(person.socialSecurityNumber);
      });

      // customer-pages.test.ts and layout.test.ts cover it.
      itTakesLong("links a customer to the ciphertexts, and back", async () => {
        const id = await addPerson();
        await page.getByRole("link", { name: "This customer in the database" }).click();
        expect(await page.getByRole("main").textContent()).toContain("vault:v");
        await isFitForPeople();
        await page.getByRole("link", { name: "Back to the customer" }).click();
        expect(page.url()).toBe(`${address}/customers/${id}`);
      });

      // rotation.test.ts uses the same button.
      itTakesLong("shows the rows move to another version of the key", async () => {
        const vault = await running.deployer();
        const path = "transit/keys/customer-key";
        await vault.request({ method: "POST", path: `${path}/rotate`, body: {} });
        const newest = Number((await vault.read(path))?.["latest_version"]);
        await page.goto("/customers");
        await page.getByRole("link", { name: "The key" }).click();
        const main = page.getByRole("main");
        expect(await main.textContent()).toMatch(/1\d\d customers are behind\./);
        expect(await main.textContent()).toMatch(
          new RegExp(`Version ${newest} encrypts now\\s+0 0 customers`),
        );
        await isFitForPeople();
        await screenshot("key");
        await page.getByRole("button", { name: "Encrypt every row again" }).click();
        // The page reloads itself while the rows move.
        await page
          .getByText(/customers were encrypted again; all are at version/)
          .waitFor({ timeout: 30_000 });
        expect(await main.textContent()).toContain("Every row is at the newest version.");
        expect(await main.textContent()).not.toContain(`Version ${newest - 1}`);
        await isFitForPeople();
      });

      // api.test.ts and layout.test.ts cover it.
      itTakesLong("explains the API", async () => {
        await page.goto("/customers");
        await page.getByRole("link", { name: "API" }).click();
        expect(await page.getByRole("main").textContent()).toContain("Idempotency-Key");
        await isFitForPeople();
      });

      // customer-pages.test.ts and layout.test.ts cover it.
      itTakesLong("edits a customer, and settles a conflict", async () => {
        const id = await addPerson();
        await page.getByRole("link", { name: "Edit" }).click();
        await enter("City", "Mine upon Test");
        const theirs = await fetch(`${address}/api/customers/${id}`, {
          method: "PUT",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ ...person, city: "Theirs upon Test", version: 1 }),
        });
        expect(theirs.status).toBe(200);
        entered.add("Theirs upon Test");
        await page.getByRole("button", { name: "Save", exact: true }).click();
        expect(await page.getByText("Saved meanwhile: Theirs upon Test").count()).toBe(1);
        await isFitForPeople();
        await page.getByRole("button", { name: "Save", exact: true }).click();
        expect(await page.getByRole("status").textContent()).toBe("The changes were saved.");
        expect(await page.getByRole("main").textContent()).toContain("Mine upon Test");
      });

      // customer-pages.test.ts and layout.test.ts cover it.
      itTakesLong("asks for confirmation, then deletes a customer", async () => {
        const id = await addPerson();
        await page.getByRole("link", { name: "Delete" }).click();
        await isFitForPeople();
        await page.getByRole("link", { name: "Keep" }).click();
        await page.getByRole("link", { name: "Delete" }).click();
        await page.getByRole("button", { name: "Delete" }).click();
        expect(await page.getByRole("status").textContent()).toBe("The customer was deleted.");
        await isFitForPeople();
        await page.getByRole("button", { name: "Undo" }).click();
        expect(await page.getByRole("status").textContent()).toBe("The customer was restored.");
        expect(page.url()).toContain(`/customers/${id}?`);
        await page.getByRole("link", { name: "Delete" }).click();
        await page.getByRole("button", { name: "Delete" }).click();
        expect((await page.goto(`/customers/${id}`))?.status()).toBe(404);
        await isFitForPeople();
      });

      itAtOneWidth(
        "finds customers by hashed and unencrypted fields, and explains why it cannot search others",
        async () => {
          await page.goto("/customers");
          await page.getByLabel("Search").fill(second.socialSecurityNumber);
          await page.getByLabel("Search").press("Enter");
          expect(page.url()).toBe(`${address}/customers/search`);
          expect(await page.getByText("1 to 1 of 1").count()).toBe(1);
          expect(await page.getByRole("rowheader").textContent()).toContain(nameOf(second));
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
        },
      );

      itAtOneWidth("shows the database's content next to the decrypted values", async () => {
        await page.goto("/customers");
        await page.getByRole("link", { name: "In the database" }).click();
        const text = await page.getByRole("main").textContent();
        expect(text).toMatch(/vault:v\d+:/);
        expect(text).toContain(first.email);
        await page.getByText("Keyed hashes").first().click();
        await isFitForPeople();
        await page.getByText("Keyed hashes").first().click();
        await page.evaluate("scrollTo(0, 0)");
        await screenshot("database");
        await page.getByRole("link", { name: "Next" }).click();
        expect(await page.getByText(/^6 to 10 of 1\d\d$/).count()).toBe(1);
      });

      itAtOneWidth("shows how the application gets its secrets, and no token", async () => {
        await page.goto("/customers");
        await page.getByRole("link", { name: "How it got here" }).click();
        const text = (await page.getByRole("main").textContent()) ?? "";
        for (const fact of [
          "webapp-role",
          "workload-webapp",
          "database/creds/long/",
          "customer-key",
          "batch",
        ])
          expect(text).toContain(fact);
        expect(text).not.toMatch(tokenLike);
        await isFitForPeople();
        await screenshot("system");
      });

      itAtOneWidth(
        "names the unavailable part, keeps the entered values, and recovers by itself",
        async () => {
          await page.goto("/nowhere");
          await isFitForPeople();
          await page.goto("/customers/new");
          await enterPerson();
          const { azure, vault } = running.sandbox;
          const keyVaultAway = azure.faults.add({
            when: ({ path }) => path.includes("unwrapkey"),
            answer: { status: 503 },
          });
          vault.kill("vault.service", "SIGKILL");
          try {
            await page.getByRole("button", { name: "Save", exact: true }).click();
            expect(await page.getByRole("alert").textContent()).toMatch(/Vault (is sealed|does not answer)/);
            expect(await page.getByLabel("City").inputValue()).toBe(person.city);
            await isFitForPeople();
            const answer = await page.goto("/customers");
            expect(answer?.status()).toBe(503);
            expect(Number(answer?.headers()["retry-after"])).toBeGreaterThan(0);
            await isFitForPeople();
            await screenshot("unavailable");
            // Leave the page, because it reloads itself.
            await page.goto("about:blank");
            await page.goto("/system");
            expect(await page.getByRole("alert").textContent()).toContain("Vault");
            await isFitForPeople();
          } finally {
            keyVaultAway.remove();
          }
          // This page reloads itself, too.
          await page.goto("about:blank");
          await untilReady();
          await page.goto("/customers");
          expect(await page.getByRole("rowheader").count()).toBe(20);
        },
      );

      itAtOneWidth("works with the keyboard alone", async () => {
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
        const left = new Map(Object.entries(person));
        for (let presses = 0; left.size > 0 && presses < 60; presses += 1) {
          const field: string = await page.evaluate("document.activeElement.id");
          const value = left.get(field);
          // The order of day, month and year depends on the browser's language.
          if (value !== undefined) {
            await page.keyboard.type(field === "birthDate" ? "07201969" : value);
            entered.add(value);
            left.delete(field);
          }
          if (left.size > 0) await page.keyboard.press("Tab");
        }
        expect([...left.keys()]).toEqual([]);
        await page.keyboard.press("Enter");
        await page.waitForURL(/customers\/\d+/);
        expect(await page.getByRole("status").textContent()).toBe("The customer was added.");
      });

      // No page has a script: security.test.ts.
      itTakesLong("works without scripts", async () => {
        const plain = await browser.newContext({ viewport, baseURL: address, javaScriptEnabled: false });
        const scriptless = await plain.newPage();
        await scriptless.goto("/customers/new");
        await enterPerson(scriptless);
        await scriptless.getByRole("button", { name: "Save", exact: true }).click();
        expect(await scriptless.getByRole("status").textContent()).toBe("The customer was added.");
        await plain.close();
      });
    });
  });
