import { randomUUID } from "node:crypto";
import { type Customer, type CustomerInput, customerFields } from "../../../app/customers/customer-store";
import { NotGranted, Tampered, Unavailable } from "../../../app/errors";
import { hostileValues, newCustomer, unescaped } from "./examples";
import { MemoryApplication } from "./memory-application";
import { Browser, start } from "./web-client";

describe("The customers' pages", () => {
  it("redirect from the root to the list", async () => {
    const { server } = await start();
    const answer = await server.inject("/");
    expect([answer.statusCode, answer.headers["location"]]).toEqual([302, "/customers"]);
  });

  it("list customers, with the numbers masked", async () => {
    const { server } = await start();
    const { statusCode, body } = await server.inject("/customers");
    expect(statusCode).toBe(200);
    expect(body).toContain("Ada Example");
    expect(body).toContain("•••-••-3456");
    expect(body).toContain("•••• •••• •••• 1111");
    expect(body).not.toContain("900-12-3456");
    expect(body).not.toContain("4111111111111111");
  });

  it("list them in pages, with links to the next pages", async () => {
    const { server } = await start({}, new MemoryApplication(45));
    const first = await server.inject("/customers");
    expect(first.body).toContain("1 to 20 of 45");
    expect(first.body).not.toContain("Previous");
    const second = await server.inject("/customers?page=2&pageSize=20");
    expect(second.body).toContain("21 to 40 of 45");
    expect(unescaped(second.body)).toContain('href="/customers?page=1&pageSize=20"');
    expect(unescaped(second.body)).toContain('href="/customers?page=3&pageSize=20"');
    const last = await server.inject("/customers?page=3");
    expect(last.body).not.toContain(">Next<");
    expect((await server.inject("/customers?page=9")).body).toContain("This page is empty.");
  });

  it.each([
    [20, 1],
    [21, 2],
    [40, 2],
    [41, 3],
  ])("%i customers have %i pages, none of them empty", async (customers, pages) => {
    const { server } = await start({}, new MemoryApplication(customers));
    for (let page = 1; page <= pages; page += 1) {
      const { body } = await server.inject(`/customers?page=${page}`);
      expect([page, body.includes(">Next<"), body.includes(">Previous<")]).toEqual([
        page,
        page < pages,
        page > 1,
      ]);
      expect(body).toContain(`of ${customers}`);
      expect(body).not.toContain("This page is empty.");
    }
  });

  it("say so when there are no customers", async () => {
    const { server } = await start({}, new MemoryApplication(0));
    const { body } = await server.inject("/customers");
    expect(body).toContain("No customers yet.");
    expect(body).toContain('href="/customers/new">Add the first customer');
    expect((await server.inject("/database")).body).toContain("This page has no records.");
  });

  it.each(["?utm_source=mail", "/", "/?utm_source=mail&page=1"])(
    "ignore additions to the address: /customers%s",
    async (added) => {
      const { server } = await start();
      expect((await server.inject(`/customers${added}`)).statusCode).toBe(200);
      expect((await server.inject(`/database${added}`)).statusCode).toBe(200);
    },
  );

  it("show one customer with masked numbers, reveal them on request, and log the request without the numbers", async () => {
    const { server, application, lines } = await start();
    const browser = new Browser(server);
    const customer = application.customers.get(2) as Customer;
    const { socialSecurityNumber, cardNumber, salary, ...others } = customer;
    const { body } = await browser.open("/customers/2");
    for (const field of customerFields) {
      if (field in others) expect(unescaped(body)).toContain(customer[field]);
    }
    expect([salary, body]).toEqual(["71250.50", expect.stringContaining("71,250.50")]);
    expect(body).toContain("not given");
    expect(body).toContain("•••-••-7654");
    for (const number of [socialSecurityNumber, cardNumber, "5555 5555"]) expect(body).not.toContain(number);

    const revealed = await browser.submit("/customers/2/reveal", {}, "/customers/2");
    expect(revealed.statusCode).toBe(200);
    for (const shown of [socialSecurityNumber, "5555 5555 5555 4444", "c0ffee00-0000-4000-8000-000000000001"])
      expect(revealed.body).toContain(shown);
    const line = lines.find((it) => it.includes('"revealed"')) ?? "";
    expect(JSON.parse(line)).toMatchObject({
      event: "revealed",
      customer: 2,
      auditId: "c0ffee00-0000-4000-8000-000000000001",
      requestId: revealed.headers["x-request-id"],
    });
    for (const number of [socialSecurityNumber, cardNumber]) expect(lines.join("")).not.toContain(number);
    expect((await server.inject("/customers/2/reveal")).statusCode).toBe(405);
  });

  it("log each opening of the form, because the form has the complete numbers", async () => {
    const { server, lines } = await start();
    const { body, headers } = await server.inject("/customers/2/edit");
    expect(body).toContain("900-98-7654");
    const line = lines.find((it) => it.includes('"revealed"')) ?? "{}";
    expect(JSON.parse(line)).toMatchObject({ customer: 2, requestId: headers["x-request-id"] });
  });

  it("link a customer to its ciphertexts, and back", async () => {
    const { server } = await start();
    expect((await server.inject("/customers/2")).body).toContain('href="/customers/2/stored"');
    const { body } = await server.inject("/customers/2/stored");
    expect(body).toContain("vault:v1:");
    expect(body).toContain("Łucja");
    expect(body).toContain('href="/customers/2"');
    const all = (await server.inject("/database")).body;
    expect(all).toContain('href="/customers/2"');
    for (const page of [body, all]) {
      expect(page).toContain("•••-••-7654");
      expect(page).not.toContain("900-98-7654");
    }
    expect((await server.inject("/customers/9/stored")).statusCode).toBe(404);
  });

  it("have page numbers, page sizes and an order", async () => {
    const { server } = await start({}, new MemoryApplication(2_000));
    const { body } = await server.inject("/customers?page=50&pageSize=20&sort=-number");
    const page = unescaped(body);
    const numbers = [...page.matchAll(/aria-label="Page (\d+)"/g)].map(([, number]) => Number(number));
    expect(numbers).toEqual([1, 49, 51, 100]);
    expect(page).toContain('<span class="button current" aria-current="page">50</span>');
    expect(page).toContain('href="/customers?page=51&pageSize=20&sort=-number"');
    expect(page).toContain('href="/customers?page=1&pageSize=100&sort=-number"');
    expect(page).toContain('aria-sort="descending"');
    const first = /href="\/customers\/(\d+)">/.exec(
      (await server.inject("/customers?sort=-number")).body,
    )?.[1];
    expect(first).toBe("2000");
    expect((await server.inject("/customers?sort=name")).statusCode).toBe(422);
  });

  it("add a customer, and show it with a notice", async () => {
    const { server, application } = await start();
    const browser = new Browser(server);
    const answer = await browser.submit("/customers", newCustomer);
    expect([answer.statusCode, answer.headers["location"]]).toEqual([303, "/customers/4?done=added"]);
    expect(application.customers.get(4)).toMatchObject(newCustomer);
    expect((await browser.open("/customers/4?done=added")).body).toContain("The customer was added.");
  });

  it("edit a customer", async () => {
    const { server, application } = await start();
    const browser = new Browser(server);
    const page = await browser.open("/customers/1/edit");
    expect(page.body).toContain('value="900-12-3456"');
    const answer = await browser.submit("/customers/1", { ...newCustomer, version: "1" });
    expect([answer.statusCode, answer.headers["location"]]).toEqual([303, "/customers/1?done=saved"]);
    expect(application.customers.get(1)).toMatchObject({ ...newCustomer, version: 2 });
    expect((await browser.open("/customers/1?done=saved")).body).toContain("The changes were saved.");
  });

  it("ask for confirmation, then delete a customer", async () => {
    const { server, application } = await start();
    const browser = new Browser(server);
    expect((await browser.open("/customers/2/delete")).body).toContain("Delete Łucja O&#39;Brien-Żak?");
    const answer = await browser.submit("/customers/2/delete", { version: "1" }, "/customers/2/delete");
    expect([answer.statusCode, answer.body]).toEqual([
      200,
      expect.stringContaining("The customer was deleted."),
    ]);
    expect([...application.customers.keys()]).toEqual([1, 3]);
  });

  it("restore a deleted customer, once, from the ciphertexts in the page", async () => {
    const { server, application } = await start();
    const browser = new Browser(server);
    const before = application.customers.get(2) as Customer;
    const { body } = await browser.submit("/customers/2/delete", { version: "1" }, "/customers/2/delete");
    const removed = /name="removed" value="([^"]*)"/.exec(body)?.[1] ?? "";
    const text = Buffer.from(removed, "base64url").toString("utf8");
    for (const field of ["lastName", "city", "socialSecurityNumber", "cardNumber", "email"] as const)
      expect(text).not.toContain(before[field]);
    for (const _ of ["once", "sent twice"]) {
      const answer = await browser.submit("/customers/restore", { removed });
      expect([answer.statusCode, answer.headers["location"]]).toEqual([303, "/customers/2?done=restored"]);
    }
    expect(application.customers.get(2)).toEqual({ ...before, version: 2 });
    const damaged = await browser.submit("/customers/restore", { removed: removed.slice(0, -20) });
    expect(damaged.statusCode).toBe(422);
  });

  it("show no notice that somebody invented in the address", async () => {
    const { server } = await start();
    const { body } = await server.inject("/customers?done=<b>hacked</b>");
    expect(body).not.toContain("hacked");
    expect((await server.inject("/customers?done=constructor")).body).not.toContain('class="notice"');
  });

  it("show the database's content next to the decrypted values", async () => {
    const { server } = await start();
    const { body } = await server.inject("/database");
    expect(body).toContain("<code>vault:v1:");
    expect(body).toContain("•••-••-3456");
    expect(body).toContain("Keyed hashes");
  });

  it("show the database's content and raise an alarm if Vault refuses to decrypt it", async () => {
    const { server, application, lines } = await start();
    jest.spyOn(application.store, "list").mockRejectedValue(new Tampered(2, "salary"));
    const tampered = await start({}, application);
    const answer = await tampered.server.inject("/database");
    expect(answer.statusCode).toBe(500);
    expect(answer.body).toContain("The stored salary of customer 2 does not belong there");
    expect(answer.body).toContain("<code>vault:v1:");
    expect(answer.body).not.toContain("900-12-3456");
    expect(tampered.lines.join()).toContain('"kind":"Tampered"');
    expect(lines).toEqual([]);
    await server.close();
  });

  it("show how the application gets its secrets", async () => {
    const { server } = await start();
    const body = unescaped((await server.inject("/system")).body);
    expect(body).toContain("2026-11-25 21:05 UTC");
    for (const fact of [
      "22222222-2222-4222-8222-222222222222",
      "webapp-role",
      "batch",
      "31 d 23 h",
      "v-jwt-webapp-long-8k2nq0v4x1",
      "2 h 34 min",
      "customer-key",
      "version 1: 3",
      "Community: transit encrypts the key of each row",
    ]) {
      expect(body).toContain(fact);
    }
  });

  it("leave no fact blank while Vault and the database are away", async () => {
    const { server, application } = await start();
    application.status = async () => ({
      ...(await new MemoryApplication().status()),
      vault: {
        address: "",
        role: "",
        policies: [],
        tokenType: "",
        tokenSecondsLeft: undefined,
        edition: "community",
      },
      database: { host: "", name: "", user: "", leaseId: "", leaseSecondsLeft: undefined, replacements: 0 },
      identity: {},
    });
    const facts = [...(await server.inject("/system")).body.matchAll(/<dt>([^<]*)<\/dt><dd>(.*?)<\/dd>/g)];
    const unknown = facts.filter(([, , value]) => value === '<span class="quiet">not known now</span>');
    expect(unknown.map(([, name]) => name)).toEqual([
      "Claims",
      "Vault",
      "Role",
      "Policies",
      "Kind of token",
      "Token ends in",
      "Server",
      "Database",
      "User",
      "Lease",
      "Lease ends in",
    ]);
    expect(facts.filter(([, , value = ""]) => value.replace(/<[^>]*>/g, "") === "")).toEqual([]);
  });

  it("show the state of each step: works, fails with a reason, or unknown", async () => {
    const { server, application } = await start();
    const works = (await server.inject("/system")).body;
    expect(works.match(/class="tag good">works/g)).toHaveLength(4);
    application.steps = {
      identity: { state: "works" },
      vault: { state: "fails", reason: "Vault is sealed." },
      database: { state: "unknown" },
      encryption: { state: "fails", reason: "Vault is sealed." },
    };
    const { body } = await server.inject("/system");
    expect([...body.matchAll(/<li class="(works|fails|unknown)">/g)].map(([, state]) => state)).toEqual([
      "works",
      "fails",
      "unknown",
      "fails",
    ]);
    expect(body.match(/<p class="wrong">Vault is sealed\.<\/p>/g)).toHaveLength(2);
    expect(body).toContain('<span class="tag">not known</span>');
  });

  it("do not claim that there are no customers if the database does not answer", async () => {
    const { server, application } = await start();
    const status = await application.status();
    jest
      .spyOn(application, "status")
      .mockResolvedValue({ ...status, transit: { ...status.transit, rowsByVersion: undefined } });
    expect((await server.inject("/system")).body).toMatch(
      /Customers by version<\/dt><dd><span class="quiet">not known now/,
    );
  });

  it("name the cause while the application waits", async () => {
    const { server, application } = await start();
    application.readiness = { ready: false, reasons: ["Vault is sealed."], retryAfterSeconds: 3 };
    const { body } = await server.inject("/system");
    expect(body).toContain("Not ready");
    expect(body).toContain("Vault is sealed.");
  });
});

describe("The search", () => {
  it.each(["2", "2026-11", "2026-11-21", "2026"])(
    "is in the address if it is harmless: %s",
    async (search) => {
      const { server } = await start();
      const answer = await new Browser(server).submit("/customers/search", { search });
      expect([answer.statusCode, answer.headers["location"]]).toEqual([303, `/customers?search=${search}`]);
      const found = await server.inject(`/customers?search=${search}`);
      expect(found.body).toContain("Łucja");
    },
  );

  it.each(["900-98-7654", "5555555555554444", "lucja@example.org"])(
    "is in no address if it identifies a person: %s",
    async (search) => {
      const { server } = await start();
      const answer = await new Browser(server).submit("/customers/search", { search });
      expect(answer.statusCode).toBe(200);
      expect(answer.body).toContain("1 to 1 of 1");
      expect(answer.body).toContain("Łucja");
      expect(answer.body).not.toContain("Ada Example");
      const refused = await server.inject(`/customers?search=${search}`);
      expect(refused.statusCode).toBe(422);
    },
  );

  it("opens the next page with a form", async () => {
    const { server } = await start({}, new MemoryApplication(45));
    const browser = new Browser(server);
    const search = "ada@example.com";
    const first = await browser.submit("/customers/search", { search, pageSize: "10" });
    expect(first.body).toContain('<button type="submit" name="page" value="2">Next</button>');
    const second = await browser.submit("/customers/search", { search, pageSize: "10", page: "2" });
    expect(second.body).toContain("11 to 15 of 15");
  });

  it("shows all customers when it is empty", async () => {
    const { server } = await start();
    const answer = await new Browser(server).submit("/customers/search", { search: "  " });
    expect([answer.statusCode, answer.headers["location"]]).toEqual([303, "/customers"]);
  });

  it("says so when nothing is found", async () => {
    const { server } = await start();
    const answer = await new Browser(server).submit("/customers/search", { search: "nobody@example.com" });
    expect(answer.body).toContain("No customer was found.");
  });

  it("shows an error with a link to the field, and keeps the text", async () => {
    const { server } = await start();
    const answer = await new Browser(server).submit("/customers/search", { search: '"><script>' });
    expect(answer.statusCode).toBe(422);
    expect(answer.body).toContain('<a href="#search">is not a valid search.</a>');
    expect(answer.body).toContain('value="&quot;&gt;&lt;script&gt;"');
    const long = await new Browser(server).submit("/customers/search", { search: "x".repeat(201) });
    expect(long.body).toContain("The search is longer than 200 characters");
  });
});

it("An amount has two decimals, or none", async () => {
  const { server, application } = await start();
  const { id } = await application.store.add({ ...newCustomer, salary: "52000.5" });
  expect((await server.inject(`/customers/${id}`)).body).toContain("<dd>52,000.50</dd>");
  const whole = await application.store.add({ ...newCustomer, salary: "52000" });
  expect((await server.inject(`/customers/${whole.id}`)).body).toContain("<dd>52,000</dd>");
});

describe("A name", () => {
  const first = async (firstName: string) => {
    const { server } = await start();
    const { statusCode, body } = await new Browser(server).submit("/customers", {
      ...newCustomer,
      firstName,
    });
    return [statusCode, /id="firstName-problem">([^<]*)</.exec(body)?.[1]];
  };

  it.each([
    ["a Hangul filler", "\u3164"],
    ["Hangul fillers of other widths", "Ada\u115f\u1160\uffa0"],
    ["an empty Braille cell", "\u2800"],
    ["a joiner of graphemes", "A\u034fda"],
    ["a zero-width space", "A\u200bda"],
    ["a change of direction", "A\u202eda"],
  ])("may not have %s, which nobody sees", async (_, name) => {
    expect(await first(name)).toEqual([
      422,
      "The first name holds a line break or another character that cannot be shown. Remove it, or type the text again.",
    ]);
  });

  it("may not consist of marks without a letter", async () => {
    expect(await first("\u0301\ufe0f")).toEqual([422, "The first name has no letter or digit."]);
  });

  it.each(["葛\u{e0100}城", "Zoe\u0308", "O'Brien-Żak", "नी\u200dला"])("may be %s", async (name) => {
    expect((await first(name))[0]).toBe(303);
  });
});

describe("A form that cannot be saved", () => {
  it("comes back with the entered values and a summary that links to the fields", async () => {
    const { server, application } = await start();
    const entered = { ...newCustomer, birthDate: "yesterday", lastName: "" };
    const answer = await new Browser(server).submit("/customers", entered);
    expect(answer.statusCode).toBe(422);
    expect(answer.body).toContain("<title>Error: Add a customer");
    expect(answer.body).toMatch(/role="alert">\s*<h2>Check your input/);
    expect(answer.body).toContain('<a href="#birthDate">The birth date is not a day');
    expect(answer.body).toContain('<a href="#lastName">The last name is missing.</a>');
    expect(answer.body).toMatch(
      /id="birthDate"[^>]*aria-invalid="true"[^>]*aria-describedby="birthDate-problem"/,
    );
    expect(answer.body).toContain(`value="${newCustomer.firstName}"`);
    expect(application.customers.size).toBe(3);
  });

  describe("because somebody else changed the customer meanwhile", () => {
    /** Sends the edit form as a browser does: hidden fields hold the values from the last read. */
    async function edit(browser: Browser, changes: Partial<CustomerInput>, before: () => Promise<unknown>) {
      const { body } = await browser.open("/customers/1/edit");
      const sent = Object.fromEntries(
        [...body.matchAll(/<input [^>]*name="([^"]+)"[^>]*value="([^"]*)"/g)].map(
          ([, name = "", value = ""]) => [name, unescaped(value)],
        ),
      );
      await before();
      return browser.submit("/customers/1", { ...sent, ...changes });
    }

    it("is saved together with the other person's changes of other fields, and a notice says so", async () => {
      const { server, application } = await start();
      const browser = new Browser(server);
      const { id: _, version: __, createdAt: ___, updatedAt: ____, ...read } = await application.store.get(1);
      const answer = await edit(browser, { city: "Mine" }, () =>
        application.store.edit(1, { ...read, salary: "1.00", phone: "" }, 1),
      );
      expect([answer.statusCode, answer.headers["location"]]).toEqual([303, "/customers/1?done=merged"]);
      expect(application.customers.get(1)).toMatchObject({
        ...read,
        city: "Mine",
        salary: "1.00",
        phone: "",
        version: 3,
      });
      expect((await browser.open("/customers/1?done=merged")).body).toContain(
        "the changes that somebody else saved meanwhile were kept.",
      );
    });

    it("asks only about the fields that both changed", async () => {
      const { server, application } = await start();
      const browser = new Browser(server);
      const { id: _, version: __, createdAt: ___, updatedAt: ____, ...read } = await application.store.get(1);
      const answer = await edit(browser, { city: "Mine", email: "mine@example.com" }, () =>
        application.store.edit(1, { ...read, city: "Theirs", salary: "1.00", email: "mine@example.com" }, 1),
      );
      expect(answer.statusCode).toBe(409);
      expect(answer.body.match(/Saved meanwhile: /g)).toHaveLength(1);
      expect(answer.body).toContain("Saved meanwhile: Theirs");
      expect(answer.body).toContain('value="Mine"');
      expect(answer.body).toContain('name="salary" type="text" value="1.00"');
      expect(answer.body).toContain('name="version" value="2"');
      expect(answer.body).toContain('name="read.city" value="Theirs"');
      expect(application.customers.get(1)).toMatchObject({ city: "Theirs", salary: "1.00" });
    });

    it("never reverts a change of a field that this person did not edit", async () => {
      const { server, application } = await start();
      const browser = new Browser(server);
      const { id: _, version: __, createdAt: ___, updatedAt: ____, ...read } = await application.store.get(1);
      const asked = await edit(browser, { city: "Mine" }, () =>
        application.store.edit(1, { ...read, city: "Theirs", salary: "1.00" }, 1),
      );
      const sent = Object.fromEntries(
        [...asked.body.matchAll(/<input [^>]*name="([^"]+)"[^>]*value="([^"]*)"/g)].map(
          ([, name = "", value = ""]) => [name, unescaped(value)],
        ),
      );
      await application.store.edit(1, { ...read, city: "Theirs", salary: "2.00" }, 2);
      expect((await browser.submit("/customers/1", sent)).statusCode).toBe(303);
      expect(application.customers.get(1)).toMatchObject({ city: "Mine", salary: "2.00" });
    });

    it("is not deleted before the person has seen the change", async () => {
      const { server, application } = await start();
      const browser = new Browser(server);
      await browser.open("/customers/1/delete");
      await application.store.edit(1, newCustomer, 1);
      const answer = await browser.submit("/customers/1/delete", { version: "1" }, "/customers/1/delete");
      expect(answer.statusCode).toBe(409);
      expect(answer.body).toContain("Nothing was deleted.");
      expect(answer.body).toContain('name="version" value="2"');
      expect(application.customers.has(1)).toBe(true);
      const again = await browser.submit("/customers/1/delete", { version: "2" }, "/customers/1/delete");
      expect(again.statusCode).toBe(200);
      expect(application.customers.has(1)).toBe(false);
    });
  });

  it("asks if another customer has the same number, and is saved if the person sends it again", async () => {
    const { server, application } = await start();
    const browser = new Browser(server);
    const alike = { ...newCustomer, socialSecurityNumber: "900123456", oneTimeKey: randomUUID() };
    const asked = await browser.submit("/customers", alike);
    expect([asked.statusCode, application.customers.size]).toEqual([409, 3]);
    expect(asked.body).toContain("Is this customer here already?");
    expect(asked.body).toContain('Social security number: <a href="/customers/1">customer 1</a>');
    expect(asked.body).toContain('value="Beispiel"');
    expect(asked.body).toContain('name="alike" value="accepted"');
    const [one, two] = [alike, alike].map((it) => browser.submit("/customers", { ...it, alike: "accepted" }));
    expect([(await one)?.statusCode, (await two)?.statusCode]).toEqual([303, 303]);
    expect(application.customers.size).toBe(4);
    // Another form with the same content.
    expect((await browser.submit("/customers", newCustomer)).statusCode).toBe(409);
  });

  it("opens another form on request", async () => {
    const { server } = await start();
    const browser = new Browser(server);
    const answer = await browser.submit("/customers", { ...newCustomer, next: "another" });
    expect([answer.statusCode, answer.headers["location"]]).toEqual([303, "/customers/new?done=added"]);
    expect((await browser.open("/customers/new?done=added")).body).toContain("The customer was added.");
  });

  it("puts the cursor on the first field that is wrong", async () => {
    const { server } = await start();
    const { body } = await new Browser(server).submit("/customers", {
      ...newCustomer,
      city: "",
      salary: "x",
    });
    expect(body.match(/<input id="\w+"[^>]* autofocus/g)).toEqual([expect.stringContaining('id="city"')]);
  });

  it("comes back with the entered values and a new token if its page is too old", async () => {
    const { server } = await start();
    const first = new Browser(server);
    for (const [url, version] of [
      ["/customers", undefined],
      ["/customers/1", "1"],
    ] as const) {
      const answer = await first.submit(url, { ...newCustomer, _csrf: "old", ...(version && { version }) });
      expect(answer.statusCode).toBe(403);
      expect(answer.body).toContain(`value="${newCustomer.address}"`);
      const [, token = ""] = /name="_csrf" value="([^"]*)"/.exec(answer.body) ?? [];
      const again = await first.submit(url, { ...newCustomer, _csrf: token, ...(version && { version }) });
      expect(again.statusCode).toBe(303);
    }
  });

  it("adds one customer if it is sent twice", async () => {
    const { server, application } = await start();
    const browser = new Browser(server);
    const { body } = await browser.open("/customers/new");
    const [, oneTimeKey = ""] = /name="oneTimeKey" value="([^"]*)"/.exec(body) ?? [];
    const answers = await Promise.all(
      [1, 2].map(() => browser.submit("/customers", { ...newCustomer, oneTimeKey })),
    );
    expect(answers.map(({ headers }) => headers["location"])).toEqual(
      [1, 2].map(() => "/customers/4?done=added"),
    );
    expect(application.customers.size).toBe(4);
    const other = await browser.submit("/customers", { ...newCustomer, city: "Other", oneTimeKey });
    expect(other.statusCode).toBe(422);
    expect(other.body).toContain("Other content was saved with this one-time key before");
    expect(application.customers.size).toBe(4);
  });

  it("comes back with the entered values while Vault is down", async () => {
    const { server, application } = await start();
    const browser = new Browser(server);
    application.broken = new Unavailable("Vault is sealed.", 7);
    const answer = await browser.submit("/customers", newCustomer);
    expect([answer.statusCode, answer.headers["retry-after"]]).toEqual([503, "7"]);
    expect(answer.body).toContain("Vault is sealed.");
    expect(answer.body).toContain(`value="${newCustomer.city}"`);
    application.broken = undefined;
    expect((await browser.submit("/customers", newCustomer)).statusCode).toBe(303);
  });

  it("is rejected without the version that it changes", async () => {
    const { server } = await start();
    for (const version of [undefined, "", "x", "0", "1.5"]) {
      const fields = { ...newCustomer, ...(version !== undefined && { version }) };
      expect((await new Browser(server).submit("/customers/1", fields)).statusCode).toBe(422);
    }
  });
});

describe("Any input in a form", () => {
  it.each(hostileValues)(
    "is saved or rejected with a sentence, and shown as text: %s",
    async (_what, value) => {
      const { server, application } = await start();
      const browser = new Browser(server);
      const answer = await browser.submit("/customers", { ...newCustomer, city: value });
      // A form cannot send half a character. It arrives as the replacement character.
      const arrived = value.replace(/\p{Cs}/gu, "\ufffd");
      if (answer.statusCode === 303) {
        expect(application.customers.get(4)?.city).toBe(arrived.trim());
        const page = await browser.open("/customers/4/edit");
        expect(unescaped(page.body)).toContain(`id="city" name="city" type="text" value="${arrived.trim()}"`);
      } else {
        expect(answer.statusCode).toBe(422);
        expect(answer.body).toContain('<a href="#city">The city ');
        expect(application.customers.size).toBe(3);
      }
      for (const url of ["/customers", "/customers/4", "/database"]) {
        const { body } = await browser.open(url);
        expect(body).not.toMatch(/<script>alert|<img src=x/);
      }
      expect(answer.body).not.toMatch(/<script>alert|<img src=x/);
    },
  );
});

describe("A page that cannot be shown", () => {
  it("gives the reason, and the time to try again", async () => {
    const { server, application } = await start();
    application.broken = new Unavailable("The database does not answer.", 5);
    for (const url of [
      "/customers",
      "/customers/1",
      "/customers/1/edit",
      "/customers/1/delete",
      "/database",
    ]) {
      const answer = await server.inject(url);
      expect([url, answer.statusCode, answer.headers["retry-after"]]).toEqual([url, 503, "5"]);
      expect(answer.body).toContain("The database does not answer.");
    }
    expect((await server.inject("/system")).statusCode).toBe(200);
  });

  it("reloads by itself and has a link to try again, unless it answers a form", async () => {
    const { server, application } = await start();
    application.broken = new Unavailable("The database does not answer.", 5);
    const read = await server.inject("/customers?search=3");
    expect([read.headers["refresh"], read.body]).toEqual([
      "5",
      expect.stringContaining('<a class="button primary" href="/customers?search=3">Try again</a>'),
    ]);
    const sent = await new Browser(server).submit("/customers/1/delete", { version: "1" });
    expect([sent.statusCode, sent.headers["refresh"]]).toEqual([503, undefined]);
    expect(sent.body).not.toContain("Try again</a>");
  });

  it("promises no recovery if only an edit of the environment helps", async () => {
    const { server, application } = await start();
    application.broken = new NotGranted("This workload lacks the path transit/hmac/customer-key.");
    const { statusCode, headers, body } = await server.inject("/customers");
    expect([statusCode, headers["retry-after"]]).toEqual([503, undefined]);
    expect(body).toContain("lacks the path transit/hmac/customer-key");
    expect(body).not.toMatch(/by itself|again in/);
  });

  it.each(["0", "01", "-1", "1.0", "1e3", "99999999999", "2147483648", "x", "%00", "1%2f2"])(
    "is a 404 for the customer number %s",
    async (id) => {
      const { server } = await start();
      for (const page of ["", "/edit", "/delete"]) {
        expect((await server.inject(`/customers/${id}${page}`)).statusCode).toBe(404);
      }
    },
  );
});
