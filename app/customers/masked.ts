/** All but the last four digits as •, separators kept: ••• - •• - 1234. What is masked already stays. */
export function masked(number: string): string {
  const digits = number.replace(/\D/g, "").length;
  let seen = 0;
  return number.replace(/\d/g, (digit) => (++seen > digits - 4 ? digit : "•"));
}
