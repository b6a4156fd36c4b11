/** write: brings the cloud to the desired state and touches nothing else. Intake stores what is desired, work does what is due. */
import {
  type Component,
  type Context,
  classify,
  defineService,
  type LeasePool,
  type RunningStage,
} from '@canopy/chassis'
import type { Mode } from '@canopy/domain'
import { type configuration, topics } from '@canopy/proto'
import { SecretAttempts } from './adapters/graph/secret-attempts.ts'
import { judgeDeletes, judgeRemovals } from './adapters/store/guards.sql.ts'
import { storeDesired, storeEdges } from './adapters/store/intake.sql.ts'
import { readingLinks, wakeAllEdges } from './adapters/store/link-lock.sql.ts'
import { stateCounts } from './adapters/store/status.sql.ts'
import { reopenPaused, settleAbandoned } from './adapters/store/work.sql.ts'
import { openDirectory } from './adapters/targets.ts'
import { Barrier } from './barrier.ts'
import { WriteConfig } from './config.ts'
import { defaultGuards, guardLimit } from './core/guard.ts'
import { shardCount, shardLease } from './core/shard.ts'
import { events } from './events.ts'
import { Propagation } from './propagation.ts'
import { addWriteRpc } from './rpc.ts'
import { type Engine, startEngine } from './work/engine.ts'
import { type Target, TargetHealth } from './work/target.ts'

/** How long a burst of what takes something away is gathered before it is judged. */
const gatherMs = 1_000

export const write = defineService({
  name: 'write',
  config: WriteConfig,
  migrations: new URL('../migrations/', import.meta.url),
  compose: async (context) => [new Writer(context)],
})

class Writer implements Component {
  readonly name = 'writer'
  readonly #context: Context<WriteConfig>
  readonly #propagation = new Propagation()
  readonly #attempts = new SecretAttempts()
  readonly #barrier: Barrier
  #stage: RunningStage | undefined
  #shards: readonly number[] = []
  #targets: Target[] = []
  #engines: Engine[] = []
  #applied = ''
  #closers: (() => Promise<void>)[] = []
  #timers: NodeJS.Timeout[] = []

  constructor(context: Context<WriteConfig>) {
    this.#context = context
    this.#barrier = new Barrier(context.sql)
    addWriteRpc({
      context,
      targets: () => this.#targets,
      barrierOpen: () => this.#barrier.open,
      forestsComplete: async () => [...new Set((await this.#stage?.watermarks())?.map((w) => w.forest) ?? [])],
      propagation: this.#propagation,
      wake: () => this.#wake(),
    })
  }

  async start(): Promise<void> {
    const context = this.#context
    await this.#barrier.load()
    await wakeAllEdges(context.sql)
    let pool: LeasePool | undefined
    pool = await context.leases({
      pool: 'work',
      names: Array.from({ length: shardCount }, (_, shard) => shardLease(shard)),
      onAcquired: () => this.#refreshShards(pool),
      onLost: async () => this.#refreshShards(pool),
    })
    this.#refreshShards(pool)
    this.#closers.push(() => pool?.close() ?? Promise.resolve())
    this.#stage = await context.stage({
      name: 'write',
      inputs: [topics.desired, topics.desiredEdges],
      outputs: [topics.results],
      handle: async ({ tx, topic, records }) => {
        await readingLinks(tx)
        if (topic.name === topics.desired.name) await storeDesired(tx, records as never)
        else await storeEdges(tx, records as never)
        tx.afterCommit(() => this.#wake())
      },
      onWatermark: async (tx) => {
        tx.afterCommit(() => void this.#advance())
        return true
      },
    })
    this.#closers.push(() => this.#stage?.close() ?? Promise.resolve())
    const config = await context.bus.follow({
      topic: topics.config,
      onRecords: async (records) => {
        const newest = records.at(-1)
        if (newest?.value) await this.#configure(topics.config.codec.decode(newest.value))
      },
    })
    this.#closers.push(() => config.close())
    this.#every(gatherMs / 2, () => this.#judge())
    this.#every(1_000, () => settleAbandoned(context.sql).then((n) => (n > 0 ? this.#wake() : undefined)))
    this.#every(60_000, () => reopenPaused(context.sql))
    this.#every(10_000, () => this.#measure())
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer)
    await Promise.all(this.#engines.map((engine) => engine.stop()))
    for (const close of this.#closers.toReversed()) await close()
    await Promise.all(this.#targets.map((target) => target.directory.close()))
  }

  #refreshShards(pool: LeasePool | undefined): void {
    if (!pool) return
    this.#shards = Array.from({ length: shardCount }, (_, n) => n).filter((n) => pool.holds(shardLease(n)))
    this.#wake()
  }

  #wake(): void {
    for (const engine of this.#engines) engine.wake()
  }

  #every(ms: number, run: () => Promise<unknown>): void {
    let running = false
    const timer = setInterval(() => {
      if (running || this.#context.signal.aborted) return
      running = true
      run()
        .catch((error: unknown) => {
          const failure = classify(error)
          this.#context.log.warn({ code: failure.code }, failure.message)
        })
        .finally(() => {
          running = false
        })
    }, ms)
    this.#timers.push(timer)
  }

  async #configure(next: configuration.Configuration): Promise<void> {
    this.#barrier.configure(next)
    // The tenant's domains are for mapping: a new one is no reason to open a target again.
    const key = JSON.stringify(next.targets.map((target) => ({ ...target, verifiedDomains: [], initialDomain: '' })))
    if (key !== this.#applied) {
      this.#applied = key
      const [engines, targets] = [this.#engines, this.#targets]
      this.#engines = []
      await Promise.all(engines.map((engine) => engine.stop()))
      this.#targets = next.targets.map((target) => this.#open(target))
      this.#engines = this.#targets.map((target) => this.#startEngine(target))
      await Promise.all(targets.map((target) => target.directory.close()))
    }
    await this.#advance()
  }

  #open(target: configuration.Target): Target {
    const { credentials_dir: credentialsDir, trust } = this.#context.config
    const settings = { credentialsDir, trust, attempts: this.#attempts }
    return {
      name: target.name,
      type: target.type,
      mode: (target.mode || 'observe') as Mode,
      directory: openDirectory(target, settings),
      configuration: target,
      health: new TargetHealth(),
    }
  }

  #startEngine(target: Target): Engine {
    const { sql, log, now } = this.#context
    const stage = this.#stage as RunningStage
    return startEngine({
      sql,
      log,
      now,
      target,
      stage,
      shards: () => this.#shards,
      barrierOpen: () => this.#barrier.open,
      applied: (action, observedAt) => {
        const ms = observedAt ? Math.max(0, now().getTime() - observedAt.getTime()) : 0
        if (observedAt) this.#propagation.add(ms)
        events.changeApplied({ target: target.name, action, propagation: ms })
      },
    })
  }

  async #advance(): Promise<void> {
    const watermarks = (await this.#stage?.watermarks()) ?? []
    if (!this.#barrier.open && (await this.#barrier.advance(watermarks))) {
      for (const target of this.#targets) events.barrierOpened({ target: target.name })
    }
    this.#wake()
  }

  async #judge(): Promise<void> {
    for (const target of this.#targets) {
      if (target.mode === 'observe') continue
      const { kinds } = target.directory.capabilities
      const deletes = await judgeDeletes(
        this.#context.sql,
        target.name,
        kinds,
        guardLimit(defaultGuards.delete, target.configuration.deleteGuard),
      )
      const removals = kinds.includes('group')
        ? await judgeRemovals(
            this.#context.sql,
            target.name,
            guardLimit(defaultGuards.memberRemoval, target.configuration.memberRemovalGuard),
          )
        : { released: 0, held: 0 }
      if (deletes.held > 0) events.operationsHeld({ target: target.name, class: 'delete', count: deletes.held })
      if (removals.held > 0)
        events.operationsHeld({ target: target.name, class: 'memberRemoval', count: removals.held })
      if (deletes.released + removals.released > 0) this.#wake()
    }
  }

  async #measure(): Promise<void> {
    for (const target of this.#targets) {
      const counts = await stateCounts(this.#context.sql, target.directory.capabilities.kinds)
      const all = counts.objects + counts.edges
      const share = all === 0 ? 1 : (counts.objectsEqual + counts.edgesEqual) / all
      const oldest = counts.oldestDifference ? (Date.now() - counts.oldestDifference.getTime()) / 1000 : 0
      events.convergence({ target: target.name, share, oldest })
      const { failure } = target.health
      if (failure?.kind === 'waiting') events.targetWaits({ target: target.name, code: failure.code })
      this.#context.waiting(
        `target ${target.name}`,
        failure?.kind === 'waiting' ? `${failure.code} ${failure.message}` : undefined,
      )
    }
  }
}
