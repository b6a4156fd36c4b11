/** A member of a Kafka consumer group whose positions are kept by the service, not by Kafka. */
import { performance } from 'node:perf_hooks'
import type { Topic } from '@canopy/proto'
import type { Consumer as Client, EachBatchPayload, Kafka, KafkaMessage } from 'kafkajs'
import type { Consumer, Consumption, StoredRecord } from './bus.ts'
import { batches, pauseMs, untilDone } from './deliver.ts'
import { partitionKey } from './ends.ts'
import { positionBeyondEnd } from './failures.ts'

const sessionTimeoutMs = 6_000
const rebalanceTimeoutMs = 8_000
const heartbeatMs = 1_500
/** A partition with more to handle lets the others fetch after this. */
const sliceMs = 1_000
const longPollMs = 250
const maxFetchBytes = 8 * 1024 * 1024
const maxPartitionBytes = 1_200_000
/** How often lag tools see how far the group is. */
const commitMs = 5_000
const firstRestartMs = 500
/** After so many batches from elsewhere the position is read again. */
const patience = 3

export interface KafkaMemberOptions {
  readonly client: Kafka
  readonly consumption: Consumption
  /** What Kafka keeps of each partition: from `low` up to before `high`. */
  readonly range: (topic: Topic) => Promise<readonly { readonly low: bigint; readonly high: bigint }[]>
  readonly onError: (error: unknown, at: string) => void
}

interface Assigned {
  readonly topic: Topic
  readonly partition: number
  readonly taken: AbortController
  /** Undefined until the position was read: nothing is handled before. */
  next: bigint | undefined
  committed: bigint
  failures: number
  elsewhere: number
}

export async function joinKafkaGroup(options: KafkaMemberOptions): Promise<Consumer> {
  const member = new KafkaMember(options)
  await member.start()
  return member
}

class KafkaMember implements Consumer {
  readonly #options: KafkaMemberOptions
  readonly #topics: ReadonlyMap<string, Topic>
  readonly #closing = new AbortController()
  #client: Client | undefined
  #assigned = new Map<string, Assigned>()
  #committing: NodeJS.Timeout | undefined
  #restarting: NodeJS.Timeout | undefined
  #restarts = 0
  #starting: Promise<void> = Promise.resolve()

  constructor(options: KafkaMemberOptions) {
    this.#options = options
    this.#topics = new Map(options.consumption.topics.map((topic) => [topic.name, topic]))
  }

  start(): Promise<void> {
    this.#starting = this.#start()
    return this.#starting
  }

  async close(): Promise<void> {
    this.#closing.abort()
    clearTimeout(this.#restarting)
    clearInterval(this.#committing)
    await this.#starting.catch(() => {})
    await this.#commit()
    // kafkajs waits for the batches in flight, then leaves the group.
    await this.#client?.disconnect().catch((error: unknown) => this.#report(error))
    for (const each of this.#assigned.values()) each.taken.abort()
  }

  async #start(): Promise<void> {
    const { client: kafka, consumption } = this.#options
    const client = kafka.consumer({
      groupId: consumption.group,
      sessionTimeout: sessionTimeoutMs,
      rebalanceTimeout: rebalanceTimeoutMs,
      heartbeatInterval: heartbeatMs,
      maxWaitTimeInMs: longPollMs,
      maxBytes: maxFetchBytes,
      maxBytesPerPartition: maxPartitionBytes,
      allowAutoTopicCreation: false,
      // Every crash comes here: kafkajs itself starts again only after some of them.
      retry: { retries: 5, initialRetryTime: 100, maxRetryTime: 2_000, restartOnFailure: async () => false },
    })
    this.#client = client
    client.on(client.events.GROUP_JOIN, ({ payload }) => this.#joined(client, payload.memberAssignment))
    client.on(client.events.REBALANCING, () => this.#abortAll())
    client.on(client.events.CRASH, ({ payload }) => this.#crashed(payload.error))
    client.on(client.events.START_BATCH_PROCESS, ({ payload }) => this.#skipEmpty(payload))
    try {
      await client.connect()
      await client.subscribe({ topics: [...this.#topics.keys()], fromBeginning: true })
    } catch (error) {
      await client.disconnect().catch(() => {})
      return this.#crashed(error)
    }
    this.#committing ??= setInterval(() => void this.#commit(), commitMs)
    await client.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: Math.max(
        1,
        consumption.topics.reduce((sum, topic) => sum + topic.partitions.kafka, 0),
      ),
      eachBatch: (payload) => this.#handle(client, payload),
    })
  }

  #crashed(error: unknown): void {
    this.#abortAll()
    if (this.#closing.signal.aborted) return
    this.#report(error)
    const waitMs = Math.min(10_000, firstRestartMs * 2 ** this.#restarts++)
    this.#restarting = setTimeout(() => void this.start().catch((again: unknown) => this.#crashed(again)), waitMs)
  }

  #abortAll(): void {
    for (const each of this.#assigned.values()) each.taken.abort()
  }

  /** Called before kafkajs fetches anything of the new assignment. */
  #joined(client: Client, assignment: Readonly<Record<string, readonly number[]>>): void {
    this.#abortAll()
    this.#restarts = 0
    this.#assigned = new Map()
    for (const [name, partitions] of Object.entries(assignment)) {
      const topic = this.#topics.get(name)
      if (topic === undefined) continue
      for (const partition of partitions) {
        const taken = new AbortController()
        const each: Assigned = { topic, partition, taken, next: undefined, committed: 0n, failures: 0, elsewhere: 0 }
        this.#assigned.set(partitionKey(name, partition), each)
      }
    }
    const all = [...this.#assigned.values()]
    for (const each of all) client.pause([{ topic: each.topic.name, partitions: [each.partition] }])
    for (const each of all) void this.#place(client, each)
    this.#options.consumption.onAssigned?.(all.map(({ topic, partition }) => ({ topic: topic.name, partition })))
  }

  /** Reads where the partition goes on, and lets kafkajs fetch from there. */
  async #place(client: Client, assigned: Assigned): Promise<void> {
    const { topic, partition, taken } = assigned
    const at = partitionKey(topic.name, partition)
    assigned.next = undefined
    assigned.elsewhere = 0
    await untilDone(
      async () => {
        const position = await this.#options.consumption.position(topic, partition)
        const range = (await this.#options.range(topic))[partition]
        const { low, high } = range ?? { low: 0n, high: 0n }
        if (position > high) throw positionBeyondEnd({ at, position, end: high })
        if (taken.signal.aborted) return
        const next = position < low ? low : position
        client.seek({ topic: topic.name, partition, offset: String(next) })
        assigned.next = next
        assigned.committed = next
        client.resume([{ topic: topic.name, partitions: [partition] }])
      },
      {
        stop: AbortSignal.any([taken.signal, this.#closing.signal]),
        onError: (error) => this.#options.onError(error, at),
      },
    )
  }

  async #handle(client: Client, payload: EachBatchPayload): Promise<void> {
    const { batch, resolveOffset, heartbeat, isRunning, isStale } = payload
    const assigned = this.#assigned.get(partitionKey(batch.topic, batch.partition))
    if (assigned?.next === undefined || isStale()) return
    if (!this.#startsAtPosition(client, assigned, batch)) return
    const started = performance.now()
    const last = batch.messages.at(-1)?.offset
    for (const messages of batches(batch.messages)) {
      const signal = assigned.taken.signal
      if (signal.aborted || this.#closing.signal.aborted || !isRunning()) return
      const records = messages.map(stored)
      const end = messages.at(-1)?.offset ?? '0'
      const { topic, partition } = assigned
      try {
        await this.#beating(heartbeat, () =>
          this.#options.consumption.handle({
            topic,
            partition,
            records,
            endOffset: BigInt(batch.highWatermark),
            signal,
          }),
        )
      } catch (error) {
        return this.#failed(client, assigned, error)
      }
      assigned.failures = 0
      resolveOffset(end)
      assigned.next = BigInt(end === last ? batch.lastOffset() : end) + 1n
      await heartbeat()
      if (performance.now() - started > sliceMs) return
    }
  }

  /** kafkajs may have fetched before a seek landed, or gone to another end of the log by itself. */
  #startsAtPosition(client: Client, assigned: Assigned, batch: EachBatchPayload['batch']): boolean {
    const { topic, partition, next = 0n } = assigned
    const { fetchedOffset } = batch as EachBatchPayload['batch'] & { readonly fetchedOffset: string }
    if (BigInt(fetchedOffset) === next) return true
    if (++assigned.elsewhere < patience) {
      client.seek({ topic: topic.name, partition, offset: String(next) })
    } else {
      client.pause([{ topic: topic.name, partitions: [partition] }])
      void this.#place(client, assigned)
    }
    return false
  }

  /** kafkajs steps over an offset that compaction took away without asking anybody. */
  #skipEmpty(batch: { topic: string; partition: number; batchSize: number; lastOffset: string }): void {
    if (batch.batchSize > 0) return
    const assigned = this.#assigned.get(partitionKey(batch.topic, batch.partition))
    if (assigned?.next !== undefined && BigInt(batch.lastOffset) === assigned.next) assigned.next += 1n
  }

  /** Heartbeats while the handler runs; a rebalance tells the handlers of all partitions to give up. */
  async #beating(heartbeat: () => Promise<void>, run: () => Promise<void>): Promise<void> {
    let lost = false
    const beat = setInterval(() => {
      if (lost) return
      heartbeat().catch(() => {
        lost = true
        this.#abortAll()
      })
    }, heartbeatMs / 2)
    try {
      await run()
    } finally {
      clearInterval(beat)
    }
  }

  /** The partition rests for a while; the others go on. */
  #failed(client: Client, assigned: Assigned, error: unknown): void {
    const { topic, partition, taken } = assigned
    this.#options.onError(error, partitionKey(topic.name, partition))
    if (taken.signal.aborted) return
    const at = [{ topic: topic.name, partitions: [partition] }]
    client.pause(at)
    const rest = setTimeout(
      () => {
        if (!taken.signal.aborted && !this.#closing.signal.aborted) client.resume(at)
      },
      pauseMs(assigned.failures++, error),
    )
    taken.signal.addEventListener('abort', () => clearTimeout(rest), { once: true })
  }

  async #commit(): Promise<void> {
    const ahead = [...this.#assigned.values()].filter((each) => each.next !== undefined && each.next > each.committed)
    if (ahead.length === 0) return
    const offsets = ahead.map(({ topic, partition, next }) => ({ topic: topic.name, partition, offset: String(next) }))
    for (const each of ahead) each.committed = each.next ?? each.committed
    // For lag tools only: the next commit says it again.
    await this.#client?.commitOffsets(offsets).catch(() => {})
  }

  #report(error: unknown): void {
    this.#options.onError(error, this.#options.consumption.group)
  }
}

function stored({ key, value, headers, timestamp, offset }: KafkaMessage): StoredRecord {
  const texts: Record<string, string> = {}
  for (const name in headers) texts[name] = String(headers[name] ?? '')
  return {
    key: key?.toString('utf8') ?? '',
    value: value ?? undefined,
    headers: texts,
    timeMs: Number(timestamp),
    offset: BigInt(offset),
  }
}
