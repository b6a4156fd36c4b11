/** A member of a consumer group of the PostgreSQL bus: handles the partitions whose leases this process holds. */
import type { Topic } from '@canopy/proto'
import type { Lease, LeasePool, LeasePoolOptions } from '../lease/lease.ts'
import type { Consumer, Consumption } from './bus.ts'
import { batches, untilDone } from './deliver.ts'
import { partitionKey } from './ends.ts'
import type { PartitionReader } from './reader.ts'

export interface MemberOptions {
  readonly consumption: Consumption
  readonly leases: (options: LeasePoolOptions) => Promise<LeasePool>
  /** Refuses a position behind the end of the log. */
  readonly reader: (topic: Topic, partition: number, position: bigint) => Promise<PartitionReader>
  readonly onError: (error: unknown, at: string) => void
}

interface Assignment {
  readonly topic: Topic
  readonly partition: number
  /** Aborted when the lease is lost: the batch in flight should give up. */
  readonly taken: AbortController
  /** Settles when nothing of it runs any more. */
  done: Promise<void>
}

export async function joinGroup(options: MemberOptions): Promise<Consumer> {
  const member = new Member(options)
  await member.join()
  return member
}

class Member implements Consumer {
  readonly #options: MemberOptions
  readonly #partitions = new Map<string, { readonly topic: Topic; readonly partition: number }>()
  readonly #assigned = new Map<string, Assignment>()
  readonly #closing = new AbortController()
  #pool: LeasePool | undefined
  #announced = true

  constructor(options: MemberOptions) {
    this.#options = options
    for (const topic of options.consumption.topics) {
      for (let partition = 0; partition < topic.partitions.embedded; partition++) {
        this.#partitions.set(partitionKey(topic.name, partition), { topic, partition })
      }
    }
  }

  async join(): Promise<void> {
    this.#pool = await this.#options.leases({
      pool: `bus.${this.#options.consumption.group}`,
      names: [...this.#partitions.keys()],
      onAcquired: (lease) => this.#acquired(lease),
      onLost: (lease) => this.#lost(lease),
    })
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await Promise.all([...this.#assigned.values()].map((each) => each.done))
    await this.#pool?.close()
  }

  #acquired(lease: Lease): void {
    const at = this.#partitions.get(lease.name)
    if (at === undefined || this.#closing.signal.aborted) return
    // A batch that outlived its lease ends before the partition goes on here.
    const before = this.#assigned.get(lease.name)?.done ?? Promise.resolve()
    const assignment: Assignment = { ...at, taken: new AbortController(), done: Promise.resolve() }
    assignment.done = before
      .then(() => this.#run(assignment, lease.name))
      .catch((error: unknown) => this.#options.onError(error, lease.name))
    this.#assigned.set(lease.name, assignment)
    this.#announce()
  }

  #lost(lease: Lease): Promise<void> {
    const assignment = this.#assigned.get(lease.name)
    if (assignment === undefined) return Promise.resolve()
    assignment.taken.abort()
    this.#announce()
    return assignment.done
  }

  async #run({ topic, partition, taken }: Assignment, name: string): Promise<void> {
    const { consumption, onError } = this.#options
    const stop = AbortSignal.any([taken.signal, this.#closing.signal])
    const report = (error: unknown): void => onError(error, name)
    let reader: PartitionReader | undefined
    await untilDone(
      async () => {
        reader = await this.#options.reader(topic, partition, await consumption.position(topic, partition))
      },
      { stop, onError: report },
    )
    while (reader !== undefined && !stop.aborted) {
      let chunk: Awaited<ReturnType<PartitionReader['next']>>
      const from = reader
      await untilDone(
        async () => {
          chunk = await from.next(stop)
        },
        { stop, onError: report },
      )
      if (chunk === undefined) continue
      for (const records of batches(chunk.records)) {
        const batch = { topic, partition, records, endOffset: chunk.end, signal: taken.signal }
        if (!(await untilDone(() => consumption.handle(batch), { stop, onError: report }))) return
      }
    }
  }

  /** Many leases come and go at once: one call for all of them. */
  #announce(): void {
    const { onAssigned } = this.#options.consumption
    if (onAssigned === undefined || !this.#announced) return
    this.#announced = false
    queueMicrotask(() => {
      this.#announced = true
      const held = [...this.#assigned.values()].filter((each) => !each.taken.signal.aborted)
      onAssigned(held.map((each) => ({ topic: each.topic.name, partition: each.partition })))
    })
  }
}
