/** Time from the directory to the cloud of the last thousand changes, in milliseconds. */
export class Propagation {
  readonly #samples: number[] = []
  #next = 0

  add(ms: number): void {
    if (this.#samples.length < 1000) this.#samples.push(ms)
    else this.#samples[this.#next++ % 1000] = ms
  }

  percentiles(): { propagationP50Ms: number; propagationP99Ms: number } {
    const sorted = this.#samples.toSorted((a, b) => a - b)
    const at = (share: number): number =>
      Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0)
    return { propagationP50Ms: at(0.5), propagationP99Ms: at(0.99) }
  }
}
