/** Commits batches of agents: in order, under the lease, all or nothing. */
import { classify, type Out, type RunningStage, stepTrace, type Tx } from '@canopy/chassis'
import { isGuid } from '@canopy/domain'
import type { agent, change } from '@canopy/proto'
import { judgeMissing, type MissingGuard } from '../core/guard.ts'
import { applyEntries } from './apply.ts'
import type { Unit } from './changes.ts'
import { checkpoint } from './checkpoint.ts'
import { countMissing } from './objects.sql.ts'
import { lockPartition, type PartitionRow, writePartition } from './partitions.sql.ts'
import { sweepChunk } from './sweep.ts'
import { addSweeps, firstSweep } from './sweeps.sql.ts'

/** The stage at the head of the pipeline: it reads no topic and publishes from transactions of its own. */
export type Publisher = Pick<RunningStage, 'publish'>

export interface CommitOptions {
  readonly publisher: Publisher
  readonly guard: MissingGuard
  readonly namesMatter: () => boolean
  readonly now: () => Date
}

export type Committed =
  /** The batch is not the next one of the lease; the row says what is. */
  | { readonly type: 'refused' }
  | {
      readonly type: 'committed'
      readonly changed: number
      readonly oversized: number
      readonly reread: readonly string[]
      /** Changes wait for a checkpoint or a sweep. */
      readonly pending: boolean
      /** It ended a reading that is not believed. */
      readonly held: boolean
    }

export class Commits {
  private readonly options: CommitOptions

  constructor(options: CommitOptions) {
    this.options = options
  }

  /** `session` must hold the lease, and the batch be the next one. */
  batch(session: string, batch: agent.Batch, beforeCommit?: () => void): Promise<Committed> {
    return this.options.publisher.publish(async (tx, out) => {
      const partition = await lockPartition(tx, batch.forest, batch.domain)
      if (!partition || partition.session !== session) return { type: 'refused' }
      if (partition.epoch !== batch.epoch || partition.next_batch !== batch.number) return { type: 'refused' }
      this.begin(partition, batch)
      const unit = this.unit(tx, out, partition, batch)
      const applied = await applyEntries(unit, {
        entries: batch.entries,
        reread: true,
        namesMatter: this.options.namesMatter(),
      })
      await noteRereads(tx, partition, applied.reread)
      if (batch.snapshotComplete) await this.complete(tx, partition, batch.snapshotNamesOnly)
      const taken = await checkpoint(tx, out, partition)
      await writePartition(tx, partition, taken === 'taken')
      beforeCommit?.()
      const held = batch.snapshotComplete && partition.held !== ''
      return { type: 'committed', ...applied, pending: taken === 'wait', held }
    })
  }

  /**
   * The same, but an entry that cannot be applied is set aside, so that it does not stop the others. Transient failures
   * are the caller's.
   */
  async tolerant(session: string, batch: agent.Batch): Promise<Committed> {
    try {
      return await this.batch(session, batch)
    } catch (error) {
      if (classify(error).kind === 'transient' || batch.entries.length === 0) throw error
      const bad = await this.findBad(session, batch, batch.entries)
      if (bad.length === 0) throw error
      await this.options.publisher.publish((tx) => setAside(tx, batch.forest, bad, classify(error).code))
      return this.batch(session, { ...batch, entries: batch.entries.filter((entry) => !bad.includes(entry)) })
    }
  }

  private async findBad(session: string, batch: agent.Batch, entries: readonly agent.Entry[]): Promise<agent.Entry[]> {
    if (await this.works(session, { ...batch, entries: [...entries] })) return []
    if (entries.length === 1) return [...entries]
    const half = Math.ceil(entries.length / 2)
    const first = await this.findBad(session, batch, entries.slice(0, half))
    return [...first, ...(await this.findBad(session, batch, entries.slice(half)))]
  }

  /** Tries in a transaction that is rolled back. */
  private async works(session: string, batch: agent.Batch): Promise<boolean> {
    try {
      await this.batch(session, batch, () => {
        throw new RolledBack()
      })
      return true
    } catch (error) {
      if (error instanceof RolledBack) return true
      if (classify(error).kind === 'transient') throw error
      return false
    }
  }

  /** Runs `work` on the locked partition and writes it back; undefined when the session holds it no longer. */
  held<T>(
    of: { readonly forest: string; readonly domain: string; readonly session?: string },
    work: (unit: Unit) => Promise<T>,
  ): Promise<T | undefined> {
    return this.options.publisher.publish(async (tx, out) => {
      const partition = await lockPartition(tx, of.forest, of.domain)
      if (!partition || (of.session !== undefined && partition.session !== of.session)) return undefined
      const result = await work(this.unit(tx, out, partition, undefined))
      await writePartition(tx, partition, false)
      return result
    })
  }

  /** Entries read on request, outside the numbered feed. */
  async beside(unit: Unit, entries: readonly agent.Entry[], reread: boolean): Promise<readonly string[]> {
    const applied = await applyEntries(unit, { entries, reread, namesMatter: this.options.namesMatter() })
    await noteRereads(unit.tx, unit.partition, applied.reread)
    return applied.reread
  }

  /** A chunk of the partition's oldest sweep, or the checkpoint that waited for it. */
  followUp(forest: string, domain: string): Promise<'swept' | 'waiting' | 'done'> {
    return this.options.publisher.publish(async (tx, out) => {
      const partition = await lockPartition(tx, forest, domain)
      if (!partition) return 'done'
      const sweep = await firstSweep(tx, forest, domain)
      if (sweep) await sweepChunk(this.unit(tx, out, partition, undefined), sweep)
      const taken = sweep ? 'wait' : await checkpoint(tx, out, partition)
      await writePartition(tx, partition, taken === 'taken')
      return sweep ? 'swept' : taken === 'wait' ? 'waiting' : 'done'
    })
  }

  private begin(partition: PartitionRow, batch: agent.Batch): void {
    partition.next_batch += 1n
    partition.cursor = batch.cursor
    partition.naming_context = batch.namingContext || partition.naming_context
    partition.caught_up = batch.caughtUp
    if (batch.caughtUp) partition.fresh_at = batch.observedAt ?? this.options.now()
    if (!batch.snapshotBegin) return
    partition.generation += 1n
    partition.mark += 1n
    partition.snapshot_mark = partition.mark
  }

  private unit(tx: Tx, out: Out, partition: PartitionRow, batch: agent.Batch | undefined): Unit {
    const source: change.Source = {
      server: batch?.server ?? partition.server,
      namingContext: partition.naming_context,
      epoch: partition.epoch,
      batch: batch?.number ?? partition.next_batch - 1n,
      observedAt: batch?.observedAt ?? this.options.now(),
      snapshot: batch?.phase === 'PHASE_SNAPSHOT',
    }
    const attributes = { 'canopy.forest': partition.forest }
    // Changes that came together are traces of their own: only a lone one goes on in that of its batch.
    const parent = batch?.entries.length === 1 ? batch.traceparent : undefined
    const headers = stepTrace('capture.batch', parent, attributes)
    const live = batch?.phase === 'PHASE_STREAM'
    return {
      tx,
      out,
      partition,
      source,
      headers,
      live,
      ...(live ? { objectHeaders: () => stepTrace('capture.change', parent, attributes) } : {}),
    }
  }

  /** The reading saw everything there is: what it did not see is absent, unless that is too much to believe. */
  private async complete(tx: Tx, partition: PartitionRow, namesOnly: boolean): Promise<void> {
    const { forest, domain, snapshot_mark: mark } = partition
    const { missing, total, held } = judgeMissing(await countMissing(tx, forest, domain, mark), this.options.guard)
    partition.held = held
      ? `${missing} of ${total} objects were not seen by a complete reading; nothing was deleted`
      : ''
    partition.missing = held ? missing : 0
    partition.held_mark = held ? mark : 0n
    // Not a membership either: a reading that is not believed proves nothing.
    partition.held_names_only = held && namesOnly
    if (!held) await addSweeps(tx, absences(partition, { mark, missing, namesOnly }))
    await tx.query('update partition set enumerated_at = clock_timestamp() where forest = $1 and domain = $2', [
      forest,
      domain,
    ])
    partition.complete = true
    partition.dirty = true
  }
}

class RolledBack extends Error {}

/** What follows from a reading that is believed: objects it missed go, and memberships it did not name. */
export const absences = (
  { forest, domain, complete }: PartitionRow,
  of: { readonly mark: bigint; readonly missing: number; readonly namesOnly: boolean },
): Parameters<typeof addSweeps>[1] => [
  ...(of.missing > 0 ? [{ forest, domain, kind: 'missing', mark: of.mark } as const] : []),
  ...(complete && !of.namesOnly ? [{ forest, domain, kind: 'stale', mark: of.mark } as const] : []),
]

async function setAside(tx: Tx, forest: string, entries: readonly agent.Entry[], code: string): Promise<void> {
  await tx.query(
    `insert into set_aside (forest, guid, bytes, reason) select $1, g, 0, $3 from unnest($2::uuid[]) as g
     on conflict (forest, guid) do update set reason = excluded.reason, at = now()`,
    [forest, entries.map((entry) => entry.guid).filter(isGuid), code],
  )
}

async function noteRereads(tx: Tx, { forest, domain }: PartitionRow, guids: readonly string[]): Promise<void> {
  if (guids.length === 0) return
  await tx.query(
    'insert into reread (forest, domain, guid) select $1, $2, g from unnest($3::uuid[]) as g on conflict do nothing',
    [forest, domain, guids],
  )
}
