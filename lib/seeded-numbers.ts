/** Pseudo-random numbers from 0 to 1, always the same for one seed. Source of the two constants: Numerical Recipes. */
export function numbersOf(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return (state >>> 0) / 2 ** 32;
  };
}
