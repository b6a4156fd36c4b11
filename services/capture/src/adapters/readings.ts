/** Readings beside the stream: what an agent answers is kept unless the stream has said something newer meanwhile. */
import type { agent } from '@canopy/proto'
import { judgeMissing, type MissingGuard } from '../core/guard.ts'
import type { Unit } from './changes.ts'
import { absences, type Commits } from './commit.ts'
import { resolveNames } from './names.sql.ts'
import { countMissing, markSeen } from './objects.sql.ts'
import {
  dropReread,
  guidsBelow,
  noteAbsent,
  type PartitionName,
  type ReadingRow,
  releaseHeld,
  touchedSince,
} from './readings.sql.ts'
import { answerReturned, dropReturned, isThere, type ReturnedRow } from './returned.sql.ts'
import { addSweeps } from './sweeps.sql.ts'

export interface Holder extends PartitionName {
  /** Must hold the lease. */
  readonly session: string
}

export class Readings {
  private readonly commits: Commits
  private readonly guard: MissingGuard

  constructor(commits: Commits, guard: MissingGuard) {
    this.commits = commits
    this.guard = guard
  }

  /**
   * Before the agent is asked: whatever the stream touches from now on carries at least this mark. Undefined when the
   * session holds the partition no longer.
   */
  open(of: Holder): Promise<bigint | undefined> {
    return this.commits.held(of, async ({ partition }) => {
      partition.mark += 1n
      partition.open_mark = partition.mark
      return partition.mark
    })
  }

  /** Nothing more is under way. */
  async close(of: Holder): Promise<void> {
    await this.commits.held(of, async ({ partition }) => {
      partition.open_mark = 0n
    })
  }

  /** A part of a place; the first mark of a reading is the one that tells what it has not seen. */
  part(
    of: Holder,
    reading: ReadingRow,
    answer: { readonly mark: bigint; readonly entries: readonly agent.Entry[]; readonly last: boolean },
  ): Promise<'goes on' | 'done' | undefined> {
    return this.commits.held(of, async (unit) => {
      const { tx, partition } = unit
      const mark = reading.mark === 0n ? answer.mark : reading.mark
      const guids = [...new Set(answer.entries.map((entry) => entry.guid))]
      const touched = await touchedSince(tx, of.forest, guids, answer.mark)
      const kept = answer.entries.filter((entry) => !touched.has(entry.guid))
      await this.commits.beside(unit, kept, true)
      await markSeen(tx, of.forest, guids, partition.mark)
      await rereadGroups(unit, answer.entries, touched)
      await tx.query('update reading set mark = $2, entries = entries + $3, trouble = $4 where id = $1::uuid', [
        reading.id,
        mark,
        guids.length,
        '',
      ])
      if (!answer.last) return 'goes on'
      await this.conclude(unit, reading.base, mark)
      await tx.query('delete from reading where id = $1::uuid', [reading.id])
      partition.open_mark = 0n
      return 'done'
    })
  }

  /** What the reading did not see is asked for one by one: it may have moved, and a deletion needs proof. */
  private async conclude(unit: Unit, base: string, mark: bigint): Promise<void> {
    const { tx, partition } = unit
    const { forest, domain } = partition
    const top = base === '' ? undefined : [...(await resolveNames(tx, partition, [base])).values()][0]
    if (base !== '' && top === undefined) return
    const guids = top === undefined ? undefined : await guidsBelow(tx, forest, top)
    const { missing, total, held } = judgeMissing(await countMissing(tx, forest, domain, mark, guids), this.guard)
    if (missing > 0) await noteAbsent(tx, { forest, domain, mark, guids, held })
    if (held) {
      const where = base === '' ? 'a complete reading' : `a reading of ${base}`
      partition.held = `${missing} of ${total} objects were not seen by ${where}; nothing was deleted`
      partition.missing = missing
    } else if (base === '' && partition.held_mark === 0n) {
      partition.held = ''
      partition.missing = 0
    }
    if (base !== '') return
    await tx.query('update partition set enumerated_at = clock_timestamp() where forest = $1 and domain = $2', [
      forest,
      domain,
    ])
  }

  /**
   * Entries of one object that was asked for by its GUID. False: the session holds the partition no longer. An object
   * the stream touched meanwhile stays noted, and is read again.
   */
  async whole(
    of: Holder & { readonly guid: string },
    answer: { readonly mark: bigint; readonly absent: boolean; readonly entries: readonly agent.Entry[] },
  ): Promise<boolean> {
    const done = await this.commits.held(of, async (unit) => {
      const { tx, partition } = unit
      const guids = [...new Set([of.guid, ...answer.entries.map((entry) => entry.guid)])]
      const touched = await touchedSince(tx, of.forest, guids, answer.mark)
      if (touched.has(of.guid)) return true
      const entries = answer.entries.length === 0 && answer.absent ? [goneEntry(of.guid)] : answer.entries
      await this.commits.beside(
        unit,
        entries.filter((entry) => !touched.has(entry.guid)),
        false,
      )
      await markSeen(tx, of.forest, [of.guid], partition.mark)
      await dropReread(tx, of, of.guid)
      return true
    })
    return done === true
  }

  /**
   * Groups of this domain that hold an object which came back in another one. False: the session holds the partition no
   * longer. Where the stream touched one of the groups meanwhile, all are asked for again.
   */
  async holders(
    of: Holder,
    returned: ReturnedRow,
    answer: { readonly mark: bigint; readonly entries: readonly agent.Entry[] },
  ): Promise<boolean> {
    const done = await this.commits.held(of, async (unit) => {
      const { tx } = unit
      const groups = answer.entries.filter((entry) => entry.links.member && entry.guid !== returned.guid)
      // Ahead of the groups: whoever deletes it now waits, and takes the edges back.
      const there = await isThere(tx, of.forest, returned.guid)
      const touched = await touchedSince(
        tx,
        of.forest,
        groups.map(({ guid }) => guid),
        answer.mark,
      )
      if (!there) {
        await dropReturned(tx, of, returned.guid)
        return true
      }
      await this.commits.beside(
        unit,
        groups.filter(({ guid }) => !touched.has(guid)),
        false,
      )
      if (touched.size === 0) await answerReturned(tx, of, returned)
      return true
    })
    return done === true
  }

  /** A person says that what was missed is really gone. Returns how many objects that concerns. */
  async release(of: PartitionName): Promise<number> {
    const released = await this.commits.held(of, async (unit) => {
      const { tx, partition } = unit
      const noted = await releaseHeld(tx, of)
      const { missing, held_mark: mark } = partition
      if (mark > 0n) await addSweeps(tx, absences(partition, { mark, missing, namesOnly: partition.held_names_only }))
      partition.held = ''
      partition.missing = 0
      partition.held_mark = 0n
      partition.held_names_only = false
      if (mark > 0n) partition.dirty = true
      return Math.max(noted, missing)
    })
    return released ?? 0
  }
}

/** A list of which a part was skipped is read again whole. */
async function rereadGroups(
  { tx, partition }: Unit,
  entries: readonly agent.Entry[],
  touched: ReadonlySet<string>,
): Promise<void> {
  const groups = entries.filter((entry) => entry.links.member && touched.has(entry.guid)).map((entry) => entry.guid)
  if (groups.length === 0) return
  await tx.query(
    'insert into reread (forest, domain, guid) select $1, $2, g from unnest($3::uuid[]) as g on conflict do nothing',
    [partition.forest, partition.domain, [...new Set(groups)]],
  )
}

const goneEntry = (guid: string): agent.Entry => ({
  guid,
  dn: '',
  parentGuid: '',
  deleted: true,
  complete: false,
  attributes: {},
  links: {},
})
