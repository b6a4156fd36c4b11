/** The newest segments this process appended, so that its own readers need not fetch them; bounded, never the truth. */

export interface Segment {
  readonly baseOffset: bigint
  readonly lastOffset: bigint
  readonly data: Uint8Array
}

/** Kept in the order of arrival over all partitions; the oldest go first. */
export class RecentSegments {
  readonly #maxBytes: number
  readonly #byPartition = new Map<string, Segment[]>()
  readonly #arrivals: string[] = []
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  add(partition: string, segment: Segment): void {
    const segments = this.#byPartition.get(partition) ?? []
    segments.push(segment)
    this.#byPartition.set(partition, segments)
    this.#arrivals.push(partition)
    this.#bytes += segment.data.length
    while (this.#bytes > this.#maxBytes) this.#dropOldest()
  }

  /** Segments without a gap between them, the first holding `offset`; empty when that one is not here. */
  from(partition: string, offset: bigint, maxBytes: number): readonly Segment[] {
    const segments = this.#byPartition.get(partition)
    if (segments === undefined) return []
    const first = segments.findIndex((each) => each.baseOffset <= offset && offset <= each.lastOffset)
    if (first < 0) return []
    let end = first + 1
    let bytes = segments[first]?.data.length ?? 0
    for (; end < segments.length; end++) {
      const next = segments[end]
      if (next === undefined || next.baseOffset !== (segments[end - 1]?.lastOffset ?? -1n) + 1n) break
      bytes += next.data.length
      if (bytes > maxBytes) break
    }
    return segments.slice(first, end)
  }

  #dropOldest(): void {
    const partition = this.#arrivals.shift()
    if (partition === undefined) return
    this.#bytes -= this.#byPartition.get(partition)?.shift()?.data.length ?? 0
  }
}
