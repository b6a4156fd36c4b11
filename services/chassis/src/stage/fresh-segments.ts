/**
 * Segments this process committed a moment ago, by their outbox row, so that its own publisher need not read them back.
 * Only a shortcut: the outbox says what is unsent and in which order, and what is not here is read from it.
 */
import type { record } from '@canopy/proto'

/** Beyond it the oldest are forgotten. */
const maxBytes = 4_000_000

interface Kept {
  readonly records: readonly record.Record[]
  readonly bytes: number
}

export class FreshSegments {
  readonly #kept = new Map<bigint, Kept>()
  #bytes = 0

  keep(seq: bigint, records: readonly record.Record[], bytes: number): void {
    this.#kept.set(seq, { records, bytes })
    this.#bytes += bytes
    for (const [oldest, { bytes: freed }] of this.#kept) {
      if (this.#bytes <= maxBytes) return
      this.#kept.delete(oldest)
      this.#bytes -= freed
    }
  }

  /** Gives it once. */
  take(seq: bigint): readonly record.Record[] | undefined {
    const found = this.#kept.get(seq)
    if (!found) return undefined
    this.#kept.delete(seq)
    this.#bytes -= found.bytes
    return found.records
  }
}
