import type { CustomerInput } from "./customer-store";

const firstNames =
  "Ada Alan Amina Barbara Bjarne Chen Dorothy Edsger Fatima Grace Hedy Ingrid Jorge Katherine Linus Mei Niklaus Olga Radia Søren".split(
    " ",
  );
const lastNames =
  "Abara Bianchi Castillo Dubois Eriksen Fischer García Haddad Ivanova Jansen Kowalski Larsen Møller Nakamura O’Neill Petrov Quispe Rossi Schmidt Tanaka".split(
    " ",
  );
const streets = "Maple Oak Cedar Birch Elm Willow Juniper Chestnut Poplar Aspen".split(" ");
const cities = "Springfield Riverton Fairview Lakewood Brookside Hillcrest Kingsport Ashford".split(" ");

/** The same 120 customers each time: more than one page of any size. */
export const madeUpCustomers: readonly CustomerInput[] = Array.from({ length: 120 }, customerFrom(0x5eed));

function customerFrom(seed: number): () => CustomerInput {
  const random = mulberry32(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const pick = (list: readonly string[]) => list[below(list.length)] ?? "";
  const digits = (count: number) => Array.from({ length: count }, () => below(10)).join("");
  return () => {
    const firstName = pick(firstNames);
    const lastName = pick(lastNames);
    const born = new Date(Date.UTC(1940 + below(65), below(12), 1 + below(28)));
    return {
      firstName,
      lastName,
      birthDate: born.toISOString().slice(0, 10),
      address: `${1 + below(999)} ${pick(streets)} Street`,
      city: pick(cities),
      // Nobody has an area number from 900. Source: US Social Security Administration, POMS RM 10201.035.
      socialSecurityNumber: `9${digits(2)}-${digits(2)}-${digits(4)}`,
      cardNumber: withCheckDigit(`400000${digits(9)}`),
      salary: `${30_000 + below(120_000)}.${digits(2)}`,
      email: `${ascii(firstName)}.${ascii(lastName)}.${digits(3)}@example.com`,
      // 555-0100 to 555-0199 are reserved for fiction. Source: North American Numbering Plan Administrator.
      phone: `+1 202 555 01${digits(2)}`,
    };
  };
}

function ascii(name: string): string {
  return name
    .toLowerCase()
    .normalize("NFD")
    .replace(/ø/g, "o")
    .replace(/[^a-z]/g, "");
}

/** Appends the Luhn digit. */
function withCheckDigit(digits: string): string {
  const sum = [...digits].reverse().reduce((total, digit, index) => {
    const value = Number(digit) * (index % 2 === 0 ? 2 : 1);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return `${digits}${(10 - (sum % 10)) % 10}`;
}

/** A small generator with a seed. Source: Tommy Ettinger's mulberry32, public domain. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
