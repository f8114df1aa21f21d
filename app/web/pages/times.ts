/** `2026-11-21`, in UTC like the search by day. */
export function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}

/** For `datetime` attributes. */
export function dayAttribute(date: Date): string {
  return date.toISOString();
}

/** `2026-11-21 14:03 UTC` */
export function minute(date: Date): string {
  return `${date.toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

/** `2 h 59 min`, `3 min 20 s`, `12 s`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const units: [size: number, name: string][] = [
    [86_400, "d"],
    [3600, "h"],
    [60, "min"],
    [1, "s"],
  ];
  const from = units.findIndex(([size]) => whole >= size);
  if (from < 0) return "0 s";
  let left = whole;
  const parts = units.slice(from, from + 2).map(([size, name]) => {
    const count = Math.floor(left / size);
    left -= count * size;
    return count > 0 ? `${count} ${name}` : "";
  });
  return parts.filter(Boolean).join(" ");
}
