/** Appends to Kafka: one send in flight, each partition at most once in it, and nothing sent behind a deadline. */
import { performance } from 'node:perf_hooks'
import type { Message, Producer, TopicMessages } from 'kafkajs'
import { classify, Failure } from '../failure.ts'
import type { Bus, BusRecord } from './bus.ts'
import { partitionKey } from './ends.ts'
import { appendedTooLate } from './failures.ts'
import { type CuttableClient, connectTimeoutMs, cuttableClient, type KafkaConnection } from './kafka-client.ts'
import { split } from './segment.ts'

/** How long a broker may take for one request. */
const requestTimeoutMs = 1_500
/** With less than this before its deadline nothing is sent. */
const sendBudgetMs = connectTimeoutMs + requestTimeoutMs
/** One send of several partitions, 512 KB of each, stays about 4 MB small. */
const maxSendPartitions = 8

interface Pending {
  readonly topic: string
  readonly partition: number
  readonly key: string
  readonly deadlineMs: number
  readonly runs: (readonly BusRecord[])[]
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
  /** Refused together with others: goes alone, so that only the guilty one fails for good. */
  alone: boolean
}

interface Generation extends CuttableClient {
  readonly producer: Producer
}

export class KafkaAppender {
  readonly #connection: KafkaConnection
  readonly #waiting = new Map<string, Pending[]>()
  #generation: Promise<Generation> | undefined
  #pumping: Promise<void> | undefined

  constructor(connection: KafkaConnection) {
    this.#connection = connection
  }

  append({ topic, partition, records, deadlineMs }: Parameters<Bus['append']>[0]): Promise<void> {
    if (records.length === 0) return Promise.resolve()
    const key = partitionKey(topic.name, partition)
    return new Promise((resolve, reject) => {
      const runs = [...split(records)]
      const pending: Pending = { topic: topic.name, partition, key, deadlineMs, runs, resolve, reject, alone: false }
      this.#waiting.set(key, [...(this.#waiting.get(key) ?? []), pending])
      this.#start()
    })
  }

  async close(): Promise<void> {
    while (this.#pumping !== undefined) await this.#pumping
    await this.#discard('in order')
  }

  #start(): void {
    this.#pumping ??= this.#pump().finally(() => {
      this.#pumping = undefined
      // What came between the last look and now.
      if (this.#waiting.size > 0) this.#start()
    })
  }

  async #pump(): Promise<void> {
    // Appends of one turn of the event loop go together.
    await Promise.resolve()
    for (let round = this.#round(); round.length > 0; round = this.#round()) {
      const deadlineMs = Math.min(...round.map((each) => each.deadlineMs))
      try {
        await this.#send(round, deadlineMs)
        for (const each of round) this.#sent(each)
      } catch (error) {
        // kafkajs takes the numbers of what failed for what comes next; were the first stored after all, the broker
        // would drop the second as a repetition. A new producer numbers anew.
        await this.#discard('cut')
        const failure = sendFailure(error)
        if (failure.kind === 'permanent' && round.length > 1) for (const each of round) each.alone = true
        else for (const each of round) this.#drop(each, failure)
      }
    }
  }

  /** The first of each partition, without those whose deadline is too near. */
  #round(): readonly Pending[] {
    const round: Pending[] = []
    for (const key of [...this.#waiting.keys()]) {
      const head = this.#inTime(key)
      if (head === undefined || (head.alone && round.length > 0)) continue
      round.push(head)
      if (head.alone || round.length === maxSendPartitions) break
    }
    return round
  }

  #inTime(key: string): Pending | undefined {
    for (;;) {
      const head = this.#waiting.get(key)?.[0]
      if (head === undefined || performance.now() + sendBudgetMs <= head.deadlineMs) return head
      this.#drop(head, appendedTooLate(key))
    }
  }

  async #send(round: readonly Pending[], deadlineMs: number): Promise<void> {
    let guard: NodeJS.Timeout | undefined
    try {
      const passed = new Promise<never>((_, reject) => {
        guard = setTimeout(() => {
          void this.#discard('cut')
          reject(appendedTooLate(round[0]?.key ?? ''))
        }, deadlineMs - performance.now())
      })
      await Promise.race([this.#produce(round, deadlineMs), passed])
    } finally {
      clearTimeout(guard)
    }
  }

  async #produce(round: readonly Pending[], deadlineMs: number): Promise<void> {
    this.#generation ??= connect(this.#connection)
    const { producer } = await this.#generation
    if (performance.now() + requestTimeoutMs > deadlineMs) throw appendedTooLate(round[0]?.key ?? '')
    await producer.sendBatch({ acks: -1, timeout: requestTimeoutMs - 200, topicMessages: topicMessages(round) })
  }

  #sent(pending: Pending): void {
    pending.runs.shift()
    const queue = this.#waiting.get(pending.key) ?? []
    if (pending.runs.length > 0) {
      // To the end of the line, so that every partition gets its turn.
      this.#waiting.delete(pending.key)
      this.#waiting.set(pending.key, queue)
      return
    }
    this.#remove(pending)
    pending.resolve()
  }

  #drop(pending: Pending, failure: Failure): void {
    this.#remove(pending)
    pending.reject(failure)
  }

  #remove(pending: Pending): void {
    const left = (this.#waiting.get(pending.key) ?? []).filter((each) => each !== pending)
    if (left.length > 0) this.#waiting.set(pending.key, left)
    else this.#waiting.delete(pending.key)
  }

  async #discard(how: 'cut' | 'in order'): Promise<void> {
    const generation = this.#generation
    this.#generation = undefined
    const found = await generation?.catch(() => undefined)
    if (found === undefined) return
    if (how === 'cut') found.cut()
    const gone = found.producer.disconnect().catch(() => {})
    if (how === 'in order') await gone
  }
}

async function connect(connection: KafkaConnection): Promise<Generation> {
  const cuttable = cuttableClient(connection, {
    requestTimeout: requestTimeoutMs,
    retry: { retries: 2, initialRetryTime: 50, maxRetryTime: 200 },
  })
  const producer = cuttable.client.producer({
    idempotent: true,
    maxInFlightRequests: 1,
    allowAutoTopicCreation: false,
    // kafkajs refuses an idempotent producer without any retry; this one repeats the same numbers, so it is harmless.
    retry: { retries: 1, initialRetryTime: 50, maxRetryTime: 200 },
    createPartitioner:
      () =>
      ({ message }) =>
        message.partition ?? 0,
  })
  try {
    await producer.connect()
  } catch (error) {
    cuttable.cut()
    throw error
  }
  return { ...cuttable, producer }
}

function topicMessages(round: readonly Pending[]): TopicMessages[] {
  const byTopic = new Map<string, Message[]>()
  for (const { topic, partition, runs } of round) {
    const messages = byTopic.get(topic) ?? []
    for (const record of runs[0] ?? []) messages.push(message(record, partition))
    byTopic.set(topic, messages)
  }
  return [...byTopic].map(([topic, messages]) => ({ topic, messages }))
}

function message({ key, value, headers, timeMs }: BusRecord, partition: number): Message {
  return {
    key,
    value: value === undefined ? null : Buffer.from(value.buffer, value.byteOffset, value.byteLength),
    headers: { ...headers },
    timestamp: String(Math.trunc(timeMs)),
    partition,
  }
}

/** Refusals that sending the same again cannot change. */
const final =
  /MESSAGE_TOO_LARGE|RECORD_LIST_TOO_LARGE|INVALID_TIMESTAMP|INVALID_RECORD|AUTHORIZATION_FAILED|POLICY_VIOLATION/

function sendFailure(error: unknown): Failure {
  if (error instanceof Failure) return error
  const cause = rootCause(error)
  const type = cause instanceof Error && 'type' in cause ? String(cause.type) : ''
  return new Failure({
    kind: final.test(type) ? 'permanent' : 'transient',
    code: 'CANOPY-BUS-0005',
    message: `Kafka did not take the records: ${type || classify(cause).message}`,
    cause: error,
  })
}

function rootCause(error: unknown): unknown {
  let cause = error
  while (cause instanceof Error && cause.cause instanceof Error) cause = cause.cause
  return cause
}
