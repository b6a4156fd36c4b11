/** Chance that can be had again: seeded from CANOPY_SEED, or from the clock. */
export interface Chance {
  /** Printed with every failure. */
  readonly seed: number
  /** From 0 up to, but not including, 1. */
  next(): number
  /** A whole number from `least` to `most`, both possible. */
  between(least: number, most: number): number
  pick<T>(from: readonly T[]): T
  /** Another order of the same things. */
  shuffle<T>(of: readonly T[]): T[]
}

export function chance(seed = Number(process.env.CANOPY_SEED ?? Date.now() % 1_000_000_007)): Chance {
  let state = seed >>> 0
  // mulberry32
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
  const between = (least: number, most: number): number => least + Math.floor(next() * (most - least + 1))
  return {
    seed,
    next,
    between,
    pick: (from) => {
      const picked = from[between(0, from.length - 1)]
      if (picked === undefined) throw new Error('nothing to pick from')
      return picked
    },
    shuffle: (of) =>
      of
        .map((each) => [next(), each] as const)
        .toSorted(([a], [b]) => a - b)
        .map(([, each]) => each),
  }
}
