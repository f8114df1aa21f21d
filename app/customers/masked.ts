/** Replaces all digits but the last four with •, and keeps separators: ••• - •• - 1234. Masked text stays as it is. */
export function masked(number: string): string {
  const digits = number.replace(/\D/g, "").length;
  let seen = 0;
  return number.replace(/\d/g, (digit) => (++seen > digits - 4 ? digit : "•"));
}
