/** Repeatable chance: the same seed gives the same forest. */
import { guidFromHex } from '../directory/guid.ts'

export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed | 0
  }

  /** A whole number from 0 to below `limit`. */
  below(limit: number): number {
    return Math.floor((this.#word() / 0x1_0000_0000) * limit)
  }

  pick<T>(list: readonly [T, ...T[]]): T {
    return list[this.below(list.length)] ?? list[0]
  }

  guid(): string {
    let hex = ''
    for (let i = 0; i < 4; i++) hex += this.#word().toString(16).padStart(8, '0')
    return guidFromHex(`${hex.slice(0, 12)}4${hex.slice(13, 16)}8${hex.slice(17)}`)
  }

  #word(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return (t ^ (t >>> 14)) >>> 0
  }
}
