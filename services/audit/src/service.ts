/** audit: keeps what was done in the cloud as hash-chained entries, and answers questions about it. */
import {
  type Component,
  type Context,
  classify,
  defineService,
  type RunningStage,
  type StageBatch,
} from '@canopy/chassis'
import { type result, topics } from '@canopy/proto'
import { recordGap, recordResults } from './adapters/entries.sql.ts'
import { sealHeads } from './adapters/seal.sql.ts'
import { AuditConfig } from './config.ts'
import { events } from './events.ts'
import { findGaps } from './gaps.ts'
import { addAuditRpc } from './rpc.ts'
import { type Wake, wake } from './wake.ts'

export const audit = defineService({
  name: 'audit',
  config: AuditConfig,
  migrations: new URL('../migrations/', import.meta.url),
  compose: async (context) => {
    const recorder = new Recorder(context)
    addAuditRpc(context, () => recorder.wake)
    return [recorder]
  },
})

const stageName = 'audit'

class Recorder implements Component {
  readonly name = 'recorder'
  readonly #context: Context<AuditConfig>
  #wake: Wake | undefined
  #stage: RunningStage | undefined
  #sealing: NodeJS.Timeout | undefined
  #sealed: Promise<void> = Promise.resolve()

  constructor(context: Context<AuditConfig>) {
    this.#context = context
  }

  get wake(): Wake | undefined {
    return this.#wake
  }

  async start(): Promise<void> {
    const { sql, config } = this.#context
    this.#wake = await wake(sql)
    await this.#recordGaps()
    this.#stage = await this.#context.stage({
      name: stageName,
      inputs: [topics.results],
      outputs: [],
      handle: (batch) => this.#record(batch),
    })
    this.#sealing = setInterval(() => {
      this.#sealed = this.#sealed.then(() => this.#seal())
    }, config.seal_interval_secs * 1_000)
  }

  async stop(): Promise<void> {
    clearInterval(this.#sealing)
    await this.#sealed
    await this.#stage?.close()
    await this.#wake?.close()
  }

  async #recordGaps(): Promise<void> {
    const { sql, bus, config, signal, now } = this.#context
    const gaps = await findGaps({ sql, bus, stage: stageName, probeAfterMs: config.probe_after_secs * 1_000, signal })
    for (const gap of gaps) {
      const recorded = await sql.tx((tx) => recordGap(tx, { ...gap, at: now() }))
      if (recorded) events.gapRecorded({ chain: gap.chain, from: String(gap.from), to: String(gap.to) })
    }
  }

  async #record({ tx, partition, records }: StageBatch): Promise<void> {
    const startedMs = performance.now()
    const read = records.map((record) => ({
      offset: record.offset,
      result: record.message as result.Result,
      body: record.bytes,
    }))
    const entries = await recordResults(tx, partition, read)
    tx.afterCommit(() => {
      events.entriesRecorded({ entries, duration: performance.now() - startedMs })
      this.#wake?.recorded()
    })
  }

  async #seal(): Promise<void> {
    const { sql, config, log, now } = this.#context
    try {
      const entries = await sealHeads(sql, now(), config.seal_interval_secs * 1_000)
      if (entries !== undefined) events.sealed({ entries: Number(entries) })
    } catch (error) {
      const { code, message } = classify(error)
      log.warn({ code }, `the log was not sealed: ${message}`)
    }
  }
}
