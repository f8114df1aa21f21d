import { z } from "zod";
import { InvalidInput } from "../errors";
import type { CustomerField, CustomerInput } from "./customer-store";

/** Longest text of each field, in characters as JavaScript counts them. Also the form's `maxlength`. */
export const longest: Readonly<Record<CustomerField, number>> = {
  firstName: 100,
  lastName: 100,
  birthDate: 10,
  address: 200,
  city: 100,
  socialSecurityNumber: 11,
  cardNumber: 23,
  salary: 14,
  email: 200,
  phone: 30,
};

/**
 * Control characters and invisible characters, among them letters without a glyph (Hangul fillers, the empty Braille cell). They
 * can reverse the text around them, or make two names look alike. The two joiners are allowed between letters and between emoji,
 * which need them. Source: Unicode, UTS 39, UAX 31 and Default_Ignorable_Code_Point.
 */
const unprintable =
  /[\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0]|\p{Cc}|\p{Zl}|\p{Zp}|\p{Cs}|(?![\u200c\u200d])\p{Cf}|(?<![\p{L}\p{M}\p{Extended_Pictographic}\p{Emoji_Modifier}])[\u200c\u200d]|[\u200c\u200d](?![\p{L}\p{M}\p{Extended_Pictographic}])/u;

function text(field: CustomerField, what: string) {
  return z
    .string(`${what} is missing.`)
    .trim()
    .max(longest[field], `${what} is longer than ${longest[field]} characters.`)
    .refine(
      (value) => !unprintable.test(value),
      `${what} holds a line break or another character that cannot be shown. Remove it, or type the text again.`,
    );
}

const needed = (field: CustomerField, what: string) =>
  text(field, what)
    .min(1, `${what} is missing.`)
    .regex(/^$|[\p{L}\p{N}\p{P}\p{S}]/u, `${what} has no letter or digit.`);

const customerInput = z.object({
  firstName: needed("firstName", "The first name"),
  lastName: needed("lastName", "The last name"),
  birthDate: needed("birthDate", "The birth date").refine(
    isBirthDate,
    "The birth date is not a day from 1900-01-01 to today. Write it as 1980-12-31.",
  ),
  address: needed("address", "The address"),
  city: needed("city", "The city"),
  socialSecurityNumber: needed("socialSecurityNumber", "The social security number")
    .regex(
      /^\d{3}-?\d{2}-?\d{4}$/,
      "The social security number does not have nine digits. Write it as 900-12-3456.",
    )
    .transform(socialSecurityNumberOf),
  cardNumber: needed("cardNumber", "The card number").refine(
    isCardNumber,
    "The card number is not valid. Check its 12 to 19 digits, because the check digit at the end is wrong.",
  ),
  salary: needed("salary", "The salary")
    .transform(withoutThousands)
    .pipe(
      z
        .string()
        .regex(
          /^(?:0|[1-9]\d{0,8})(?:\.\d{1,2})?$/,
          "The salary is not an amount. Write it as 52000 or 52,000.50, below 1,000,000,000.",
        ),
    ),
  email: text("email", "The e-mail address").regex(
    /^(?:[^\s@]{1,64}@[^\s@.]+(?:\.[^\s@.]+)*)?$/,
    "The e-mail address is not valid. Write it as name@example.com, or leave it empty.",
  ),
  phone: text("phone", "The phone number").regex(
    /^(?:\+?[\d ()./-]{4,29})?$/,
    "The phone number may have digits, spaces and + ( ) . / - only, or be empty.",
  ),
});

/**
 * Returns the input, trimmed and otherwise unchanged.
 * @param keptCardNumber a masked card number that may stay, because nobody can enter the number behind it
 * @throws {InvalidInput} with a sentence for each invalid field
 */
export function checkCustomerInput(input: CustomerInput, keptCardNumber?: string): CustomerInput {
  const keeps = keptCardNumber !== undefined && input.cardNumber === keptCardNumber;
  const schema = keeps ? customerInput.extend({ cardNumber: z.literal(keptCardNumber) }) : customerInput;
  const { data, error } = schema.safeParse(input);
  if (data) return data;
  const problems: Record<string, string> = {};
  for (const { path, message } of error.issues) problems[path.join(".") || "customer"] ??= message;
  throw new InvalidInput(problems);
}

/** Returns the number with hyphens, in whichever form a person entered it. */
function socialSecurityNumberOf(text: string): string {
  return text.replace(/^(\d{3})-?(\d{2})-?(\d{4})$/, "$1-$2-$3");
}

/** Accepts an amount as a page shows it: 52,000.50 becomes 52000.50. */
function withoutThousands(text: string): string {
  return /^\d{1,3}(?:[, ]\d{3})+(?:\.\d*)?$/.test(text) ? text.replace(/[, ]/g, "") : text;
}

function isBirthDate(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || text < "1900-01-01") return false;
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text) && date.getTime() <= Date.now();
}

function isCardNumber(text: string): boolean {
  return /^\d(?:[ -]?\d){11,18}$/.test(text) && hasCheckDigit(text.replace(/[ -]/g, ""));
}

/** Checks the Luhn digit. Source: ISO/IEC 7812-1, annex B. */
export function hasCheckDigit(digits: string): boolean {
  const sum = [...digits].reverse().reduce((total, digit, index) => {
    const value = Number(digit) * (index % 2 === 0 ? 1 : 2);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return sum % 10 === 0;
}
