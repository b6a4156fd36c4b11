/** A consumer group of the bus contract, which keeps its positions beside what it handled. */
import type { Bus, BusBatch, StoredRecord } from '@canopy/chassis'
import type { Topic } from '@canopy/proto'
import { expect } from 'vitest'

/** A group whose members store what they handled with their positions, as a stage does. */
export class Group {
  readonly name: string
  readonly topic: Topic
  readonly positions = new Map<number, bigint>()
  readonly batches: BusBatch[] = []
  /** Runs before a batch counts as handled. */
  before: (batch: BusBatch) => void | Promise<void> = () => {}
  readonly #offsets = new Map<number, bigint[]>()
  readonly #shares = new Map<string, number>()

  constructor(name: string, topic: Topic) {
    this.name = name
    this.topic = topic
  }

  join(bus: Bus, member = 'member'): ReturnType<Bus['consume']> {
    return bus.consume({
      group: this.name,
      topics: [this.topic],
      position: async (_, partition) => this.positions.get(partition) ?? 0n,
      handle: async (batch) => {
        await this.before(batch)
        this.batches.push(batch)
        this.note(
          batch.partition,
          batch.records.map(({ offset }) => offset),
        )
      },
      onAssigned: (assigned) =>
        this.assigned(
          member,
          assigned.map(({ partition }) => partition),
        ),
    })
  }

  /** Commits the offsets, which must go on where the position is. */
  note(partition: number, offsets: readonly bigint[]): void {
    expect(offsets[0]).toBe(this.positions.get(partition) ?? 0n)
    this.#offsets.set(partition, [...this.offsets(partition), ...offsets])
    this.positions.set(partition, (offsets.at(-1) ?? -1n) + 1n)
  }

  assigned(member: string, partitions: readonly number[]): void {
    this.#shares.set(member, partitions.length)
  }

  shares(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#shares)
  }

  offsets(partition: number): readonly bigint[] {
    return this.#offsets.get(partition) ?? []
  }

  handled(partition: number): readonly StoredRecord[] {
    return this.batches.filter((batch) => batch.partition === partition).flatMap(({ records }) => records)
  }

  total(): number {
    return [...this.#offsets.values()].reduce((sum, offsets) => sum + offsets.length, 0)
  }
}
