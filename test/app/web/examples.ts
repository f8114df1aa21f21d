import type { CustomerInput } from "../../../app/customers/customer-store";

/** A made-up customer who is not in the store in memory. */
export const newCustomer: CustomerInput = {
  firstName: "Grace",
  lastName: "Beispiel",
  birthDate: "1969-07-20",
  address: "99 Test Road",
  city: "Nowhere",
  socialSecurityNumber: "900-44-4321",
  cardNumber: "4012888888881881",
  salary: "61000.00",
  email: "grace@example.net",
  phone: "+1 202 555 0142",
};

/** Returns a page's text as a browser reads it. */
export function unescaped(page: string): string {
  const characters: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" };
  return page.replace(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => characters[name] ?? "");
}

/** Values that often break programs. The application stores each unchanged, or rejects it with a sentence. */
export const hostileValues: readonly [what: string, value: string][] = [
  ["nothing", ""],
  ["a space", " "],
  ["spaces around", "  padded  "],
  ["letters of many scripts", "Łódź Ñandú 東京 שלום Ελλάδα"],
  ["an emoji of several code points", "👩‍👩‍👧‍👦🏳️‍🌈"],
  ["combining marks", "Ze\u0301zette\u0300\u0308"],
  ["a change of direction", "abc\u202edef"],
  ["a lone surrogate", "a\ud800b"],
  ["a zero byte", "a\u0000b"],
  ["a line break", "a\r\nX-Injected: 1"],
  ["a terminal's escape", "\u001b[31mred"],
  ["markup", "<script>alert(1)</script>"],
  ["an attribute's end", `"><img src=x onerror=alert(1)>`],
  ["SQL", "'; DROP TABLE customers; --"],
  ["a template", "${7*7}{{7*7}}<%= 7*7 %>"],
  ["a ciphertext", "vault:v1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"],
  ["a path", "../../../../etc/passwd"],
  ["a formula", "=HYPERLINK(1)"],
  ["a prototype's name", "__proto__"],
  ["a long text", "x".repeat(5_000)],
  ["a long text of wide letters", "𝒳".repeat(5_000)],
  ["a number", "0"],
  ["a negative number", "-1"],
  ["a number in scientific notation", "1e309"],
  ["not a number", "NaN"],
  ["a day that does not exist", "2026-02-30"],
  ["a day in the future", "2999-01-01"],
  ["digits of another script", "٩٠٠-١٢-٣٤٥٦"],
];
