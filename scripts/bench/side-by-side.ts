/** One of the alternatives. It returns its figure, in milliseconds or another unit. */
export interface Contestant {
  name: string;
  measure(): number | Promise<number>;
}

export interface Measured {
  name: string;
  figures: number[];
}

/**
 * Measures all contestants in turn, round by round, so that changes of the machine's speed affect all of them equally. A first
 * round warms the caches and does not count.
 */
export async function measureSideBySide(
  contestants: readonly Contestant[],
  rounds: number,
): Promise<Measured[]> {
  const measured = contestants.map(({ name }): Measured => ({ name, figures: [] }));
  for (let round = 0; round <= rounds; round++) {
    console.error(round === 0 ? "  warm-up" : `  round ${round} of ${rounds}`);
    for (const [index, contestant] of contestants.entries()) {
      const figure = await contestant.measure();
      if (round > 0) measured[index]?.figures.push(figure);
    }
  }
  return measured;
}

export function median(figures: readonly number[]): number {
  const sorted = [...figures].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** Ratios of two contestants' figures, round by round. */
export function ratios(one: Measured, other: Measured): number[] {
  return one.figures.map((figure, round) => figure / (other.figures[round] ?? Number.NaN));
}

/** `median (minimum to maximum)` */
export function spread(figures: readonly number[], digits: number): string {
  const text = (figure: number) => figure.toFixed(digits);
  return `${text(median(figures))} (${text(Math.min(...figures))} to ${text(Math.max(...figures))})`;
}
