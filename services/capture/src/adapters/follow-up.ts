/** Drives what follows committed batches: sweeps chunk by chunk, checkpoints that had to wait. */
import { classify, type Log, type Sql, sleep } from '@canopy/chassis'
import { partitionKey } from './agent-session.ts'
import type { Commits } from './commit.ts'
import { partitionsToSweep } from './sweeps.sql.ts'

/** How soon a checkpoint that is not yet due is looked at again. */
const checkpointPollMs = 250
/** Sweeps that another process left are found this often. */
const scanMs = 5_000

interface Partition {
  readonly forest: string
  readonly domain: string
}

export class FollowUp {
  private readonly options: { readonly sql: Sql; readonly commits: Commits; readonly log: Log }
  private readonly pending = new Map<string, Partition>()
  private readonly abort = new AbortController()
  private readonly running = new Map<string, Promise<void>>()
  private scanning: Promise<void> | undefined

  constructor(options: { readonly sql: Sql; readonly commits: Commits; readonly log: Log }) {
    this.options = options
  }

  start(): void {
    this.scanning = this.scan()
  }

  async stop(): Promise<void> {
    this.abort.abort()
    await Promise.all([this.scanning, ...this.running.values()])
  }

  /** Something of this partition is to come. */
  note(of: Partition): void {
    const key = partitionKey(of)
    this.pending.set(key, of)
    if (this.running.has(key) || this.abort.signal.aborted) return
    const run = this.drain(key, of).finally(() => {
      this.running.delete(key)
      if (this.pending.has(key)) this.note(of)
    })
    this.running.set(key, run)
  }

  private async drain(key: string, { forest, domain }: Partition): Promise<void> {
    const { signal } = this.abort
    while (!signal.aborted) {
      this.pending.delete(key)
      try {
        const result = await this.options.commits.followUp(forest, domain)
        if (result === 'done') return
        if (result === 'waiting') await sleep(checkpointPollMs, signal)
      } catch (error) {
        if (signal.aborted) return
        const { code, message } = classify(error)
        this.options.log.warn({ code, forest }, message)
        await sleep(1_000, signal).catch(() => undefined)
      }
    }
  }

  private async scan(): Promise<void> {
    const { signal } = this.abort
    while (!signal.aborted) {
      try {
        for (const of of await partitionsToSweep(this.options.sql)) this.note(of)
      } catch (error) {
        this.options.log.warn({ code: classify(error).code }, 'sweeps cannot be listed')
      }
      await sleep(scanMs, signal).catch(() => undefined)
    }
  }
}
