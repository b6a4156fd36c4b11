/** Runs a stage: takes batches from the bus, commits them, publishes what came of them. */
import type { record, Topic } from '@canopy/proto'
import type { Bus, BusBatch, Consumer } from '../bus/bus.ts'
import { classify, Failure } from '../failure.ts'
import type { Sql, Tx } from '../sql/sql.ts'
import type { Log } from '../telemetry/log.ts'
import { commitSlice, offsetTaken, type StageGround, writeOutbox } from './batch.ts'
import { decode, decodeAll, type Entry } from './decode.ts'
import { narrow } from './narrow.ts'
import type { StageObserver } from './observer.ts'
import { Collector } from './out.ts'
import { countParked, countParkedOf, listParked, noteParked, takeParked } from './parked.sql.ts'
import { Publisher } from './publisher.ts'
import type { Out, RunningStage, StageDefinition, StageStatus } from './stage.ts'
import { readOffsets, readPosition, readWaiting } from './tables.sql.ts'
import { passKept, readReached, recordMinted } from './watermarks.sql.ts'

export interface RunStageOptions {
  readonly sql: Sql
  readonly bus: Bus
  /** Unique per process start. */
  readonly instance: string
  readonly log: Log
  readonly signal: AbortSignal
  readonly observer?: StageObserver
  /** Of the publishers' leases. Default 6,000 ms. */
  readonly leaseTtlMs?: number
  /** Default 64 MB. */
  readonly maxQueuedBytes?: number
}

/** `sql` must be migrated and the topics ensured. A stage without inputs only publishes; one without outputs only consumes. */
export async function runStage(definition: StageDefinition, options: RunStageOptions): Promise<RunningStage> {
  const { sql, bus, instance, log } = options
  const observer = options.observer ?? {}
  const publisher = new Publisher({
    sql,
    bus,
    stage: definition.name,
    outputs: definition.outputs,
    instance,
    log,
    observer,
    leaseTtlMs: options.leaseTtlMs ?? 6_000,
    maxQueuedBytes: options.maxQueuedBytes ?? 64_000_000,
  })
  const stage = new Stage({ definition, sql, bus, observer, publisher }, options)
  try {
    await stage.start()
  } catch (error) {
    await stage.close()
    throw error
  }
  return stage
}

/** What this process knows of a partition it reads. */
interface Reading {
  next: bigint
  parked: boolean
}

class Stage implements RunningStage {
  readonly #ground: StageGround
  readonly #options: RunStageOptions
  readonly #readings = new Map<string, Reading>()
  #consumer: Consumer | undefined
  #closing: Promise<void> | undefined

  constructor(ground: StageGround, options: RunStageOptions) {
    this.#ground = ground
    this.#options = options
  }

  async start(): Promise<void> {
    const { bus, definition, publisher } = this.#ground
    await publisher.start()
    if (definition.inputs.length === 0) return
    this.#consumer = await bus.consume({
      group: `canopy.${definition.name}`,
      topics: definition.inputs,
      position: async (topic, partition) => (await this.#read(topic, partition)).next,
      handle: (batch) => this.#handle(batch),
    })
  }

  watermarks(): Promise<record.Watermark[]> {
    return readReached(this.#ground.sql, this.#ground.definition.name)
  }

  async releaseWatermarks(tx: Tx, out: Out): Promise<void> {
    if (!(out instanceof Collector)) throw new TypeError('out is not the one this stage gave')
    for (const watermark of await passKept(tx, this.#ground.definition.name)) out.putWatermark(watermark)
  }

  async publish<T>(fn: (tx: Tx, out: Out) => Promise<T>): Promise<T> {
    const { sql, bus, definition, publisher } = this.#ground
    await publisher.room(this.#options.signal)
    return sql.tx(async (tx) => {
      const out = new Collector(bus, definition.outputs)
      const result = await fn(tx, out)
      if (definition.inputs.length === 0) await recordMinted(tx, definition.name, out.watermarks)
      const segments = await writeOutbox(tx, definition.name, out)
      tx.afterCommit(() => publisher.committed(segments))
      return result
    })
  }

  async status(): Promise<StageStatus> {
    const { sql, definition } = this.#ground
    const [watermarks, lags, parked, waiting] = await Promise.all([
      this.watermarks(),
      this.#lags(),
      countParked(sql, definition.name),
      readWaiting(sql, definition.name),
    ])
    return { watermarks, lags, parked, outbox: waiting.reduce((sum, each) => sum + each.records, 0) }
  }

  parked(limit: number): ReturnType<RunningStage['parked']> {
    return listParked(this.#ground.sql, this.#ground.definition.name, limit)
  }

  async releaseParked(id: string): Promise<boolean> {
    const { sql, definition } = this.#ground
    try {
      return await this.publish((tx, out) => this.#release({ tx, out, id }))
    } catch (error) {
      const failure = classify(error)
      if (failure.kind === 'permanent') await noteParked(sql, { stage: definition.name, id, failure })
      throw failure
    }
  }

  close(): Promise<void> {
    this.#closing ??= (async () => {
      await this.#consumer?.close()
      await this.#ground.publisher.close()
    })()
    return this.#closing
  }

  async #release({ tx, out, id }: { tx: Tx; out: Out; id: string }): Promise<boolean> {
    const { definition } = this.#ground
    const parked = await takeParked(tx, definition.name, id)
    if (!parked) return false
    const topic = definition.inputs.find(({ name }) => name === parked.topic)
    if (!topic)
      throw new Failure({ kind: 'permanent', code: 'CANOPY-STAGE-0005', message: `${parked.topic} is no longer read` })
    const entry = decode(topic, parked.partition, parked.raw)
    if (entry.kind === 'parked') throw entry.failure
    if (entry.kind !== 'record') return true
    await definition.handle({ tx, out, records: [entry.incoming], topic, partition: parked.partition })
    return true
  }

  /** Read at every assignment, and after a commit whose outcome is not known. */
  async #read(topic: Topic, partition: number): Promise<Reading> {
    const { sql, definition } = this.#ground
    const at = { stage: definition.name, topic: topic.name, partition }
    const reading = { next: await readPosition(sql, at), parked: (await countParkedOf(sql, at)) > 0 }
    this.#readings.set(nameOf(topic, partition), reading)
    return reading
  }

  async #handle(batch: BusBatch): Promise<void> {
    const { topic, partition, signal, endOffset } = batch
    const reading = this.#readings.get(nameOf(topic, partition)) ?? (await this.#read(topic, partition))
    await this.#ground.publisher.room(signal)
    // What the stored offset is already behind has been handled.
    const records = batch.records.filter((each) => each.offset >= reading.next)
    if (records.length === 0) return
    const commit = async (entries: readonly Entry[]): Promise<void> => {
      const last = entries.at(-1)
      if (!last) return
      const next = last.raw.offset + 1n
      const superseding = reading.parked
      await commitSlice(this.#ground, {
        topic,
        partition,
        entries,
        expected: reading.next,
        next,
        endOffset,
        superseding,
        signal,
      })
      reading.next = next
      reading.parked ||= entries.some((entry) => entry.kind === 'parked')
    }
    try {
      await narrow(await decodeAll(topic, partition, records), {
        commit,
        signal,
        onFailure: (...told) => this.#failed(batch, ...told),
      })
    } catch (error) {
      // A commit may have happened without this process knowing, or another has the partition: ask the store again.
      this.#readings.delete(nameOf(topic, partition))
      throw error
    }
  }

  #failed({ topic, partition, signal }: BusBatch, failure: Failure, entries: readonly Entry[]): void {
    const { observer, definition } = this.#ground
    const { kind, code } = failure
    const records = entries.flatMap((entry) => (entry.kind === 'record' ? [entry.incoming] : []))
    observer.batchFailed?.({ stage: definition.name, topic: topic.name, partition, records, kind, code })
    if (signal.aborted || this.#options.signal.aborted) return
    const level = code === offsetTaken ? 'info' : 'warn'
    this.#options.log[level](
      {
        stage: definition.name,
        topic: topic.name,
        partition,
        kind,
        code,
        records: records.length,
        reason: failure.message,
      },
      'a batch was not committed',
    )
  }

  async #lags(): Promise<StageStatus['lags']> {
    const { sql, bus, definition } = this.#ground
    const offsets = await readOffsets(sql, definition.name)
    const lags = await Promise.all(
      definition.inputs.map(async (topic) =>
        (await bus.endOffsets(topic)).map((endOffset, partition) => {
          const at = offsets.find((offset) => offset.topic === topic.name && offset.partition === partition)
          return { topic: topic.name, partition, nextOffset: at?.next ?? 0n, endOffset }
        }),
      ),
    )
    return lags.flat()
  }
}

const nameOf = (topic: Topic, partition: number): string => `${topic.name}/${partition}`
