/** A partition to commit batches to, on a real store, with what was published at hand. */
import type { Out } from '@canopy/chassis'
import { testSql } from '@canopy/chassis/testing'
import { type agent, change, type record, type Topic, topics } from '@canopy/proto'
import { defaultMissingGuard } from '../core/guard.ts'
import { Commits, type Committed } from './commit.ts'
import { Readings } from './readings.ts'

export const forest = 'contoso'
export const domain = 'contoso.lab'
export const namingContext = 'DC=contoso,DC=lab'

/** Collects what one transaction publishes; kept only if it commits. */
class Collected implements Out {
  readonly objects: change.DirectoryObject[] = []
  readonly edges: change.SourceEdge[] = []
  readonly watermarks: record.Watermark[] = []

  put<M>(topic: Topic<M>, _key: string, message: M): void {
    const bytes = topic.codec.encode(message).finish()
    if (topic.name === topics.changes.name) this.objects.push(change.DirectoryObject.decode(bytes))
    else this.edges.push(change.SourceEdge.decode(bytes))
  }

  putWatermark(watermark: record.Watermark): void {
    this.watermarks.push(watermark)
  }
}

export interface Fixture {
  readonly commits: Commits
  readonly readings: Readings
  readonly sql: Awaited<ReturnType<typeof testSql>>['sql']
  /** What was published since the last call. */
  taken(): { objects: change.DirectoryObject[]; edges: change.SourceEdge[]; watermarks: record.Watermark[] }
  /** Commits the next batch under the lease. */
  commit(entries: readonly agent.Entry[], options?: Partial<agent.Batch>): Promise<Committed>
  /** Runs sweeps to their end. */
  settle(): Promise<number>
  counts(): Promise<Record<'users' | 'groups' | 'contacts' | 'containers' | 'memberships', number>>
  close(): Promise<void>
}

export async function fixture(name: string, options: { namesMatter?: boolean } = {}): Promise<Fixture> {
  const store = await testSql(name, new URL('../../migrations/', import.meta.url))
  const { sql } = store
  let collected = new Collected()
  const commits = new Commits({
    publisher: {
      publish: async (fn) => {
        const own = new Collected()
        const result = await sql.tx((tx) => fn(tx, own))
        collected.objects.push(...own.objects)
        collected.edges.push(...own.edges)
        collected.watermarks.push(...own.watermarks)
        return result
      },
    },
    guard: defaultMissingGuard,
    namesMatter: () => options.namesMatter ?? false,
    now: () => new Date(),
  })
  await sql.query(`insert into partition (forest, domain, session, epoch) values ($1, $2, 'session', 1)`, [
    forest,
    domain,
  ])
  let number = 1n
  return {
    commits,
    readings: new Readings(commits, defaultMissingGuard),
    sql,
    taken: () => {
      const { objects, edges, watermarks } = collected
      collected = new Collected()
      return { objects, edges, watermarks }
    },
    commit: (entries, batch) => commits.batch('session', batchOf(entries, { number: number++, ...batch })),
    settle: async () => {
      let chunks = 0
      while ((await commits.followUp(forest, domain)) === 'swept') chunks++
      return chunks
    },
    counts: async () => {
      const [row] = await sql.query<Record<'users' | 'groups' | 'contacts' | 'containers' | 'memberships', number>>(
        'select users, groups, contacts, containers, memberships from partition',
      )
      return row!
    },
    close: () => store.close(),
  }
}

export const batchOf = (entries: readonly agent.Entry[], of: Partial<agent.Batch>): agent.Batch => ({
  forest,
  domain,
  epoch: 1n,
  number: 1n,
  phase: 'PHASE_STREAM',
  entries: [...entries],
  cursor: Buffer.from('cursor'),
  caughtUp: true,
  snapshotBegin: false,
  snapshotComplete: false,
  snapshotNamesOnly: false,
  observedAt: new Date(),
  server: 'ldaps://dc1.contoso.lab:636',
  namingContext,
  ...of,
})

export const guid = (n: number): string => `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`

export interface EntryOptions {
  readonly n: number
  readonly dn: string
  readonly parent?: number
  readonly classes?: readonly string[]
  readonly values?: Readonly<Record<string, readonly string[]>>
  readonly members?: readonly number[]
  readonly complete?: boolean
  readonly links?: agent.Entry['links']
}

/** A whole entry, unless said otherwise. */
export function entry(of: EntryOptions): agent.Entry {
  const attributes: Record<string, agent.Values> = {}
  if (of.classes) attributes.objectClass = { values: of.classes.map((name) => Buffer.from(name)) }
  for (const [name, values] of Object.entries(of.values ?? {})) {
    attributes[name] = { values: values.map((value) => Buffer.from(value)) }
  }
  return {
    guid: guid(of.n),
    dn: of.dn,
    parentGuid: of.parent === undefined ? '' : guid(of.parent),
    deleted: false,
    complete: of.complete ?? true,
    attributes,
    links: {
      ...(of.members ? { member: { ...whole, added: of.members.map(link) } } : {}),
      ...of.links,
    },
  }
}

export const whole = { removed: [], whole: true, first: true, last: true }
export const link = (n: number): agent.Link => ({ guid: guid(n), sid: '', dn: `CN=o${n},${namingContext}` })

export const gone = (n: number): agent.Entry => ({
  ...entry({ n, dn: `CN=x\\0ADEL:${guid(n)},CN=Deleted Objects,${namingContext}` }),
  deleted: true,
  complete: false,
})

export const head = (): agent.Entry => entry({ n: 1, dn: namingContext, classes: ['top', 'domain', 'domainDNS'] })
export const ou = (n: number, name: string, above: string = namingContext, parent = 1): agent.Entry =>
  entry({ n, dn: `OU=${name},${above}`, parent, classes: ['top', 'organizationalUnit'] })
export const user = (
  n: number,
  values: Record<string, readonly string[]> = {},
  above = `OU=Staff,${namingContext}`,
  parent = 2,
): agent.Entry =>
  entry({ n, dn: `CN=User ${n},${above}`, parent, classes: ['top', 'person', 'organizationalPerson', 'user'], values })
export const group = (
  n: number,
  members: readonly number[],
  above = `OU=Staff,${namingContext}`,
  parent = 2,
): agent.Entry => entry({ n, dn: `CN=Group ${n},${above}`, parent, classes: ['top', 'group'], members })
