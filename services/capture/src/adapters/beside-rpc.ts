/** What people ask of agents and of readings: read this object now, release what was held, who is attached. */
import { classify, type Sql, unary } from '@canopy/chassis'
import { isGuid } from '@canopy/domain'
import { agent, type capture, type change } from '@canopy/proto'
import { events } from '../events.ts'
import { liveAgents } from './agents.sql.ts'
import { forgetRefusals } from './credentials.sql.ts'
import { findObjects, partitionsOf, type RpcOptions } from './lookup.ts'
import type { PartitionRow } from './partitions.sql.ts'
import { addReread } from './readings.sql.ts'

type Handlers = Pick<
  capture.CaptureServer,
  'readObject' | 'releaseMissing' | 'listAgents' | 'listSetAside' | 'releaseSetAside' | 'retryCredential'
>

export function besideHandlers(options: RpcOptions): Handlers {
  const { sql, readings, onPending, hub } = options
  return {
    readObject: unary((request: capture.ReadObjectRequest) => readObject(options, request)),
    releaseMissing: unary(async ({ forest, who, why }: capture.ReleaseMissingRequest) => {
      let objects = 0
      const of = (await partitionsOf(sql, forest)).filter((row) => row.held !== '')
      for (const { forest, domain } of of) {
        objects += await readings.release({ forest, domain })
        onPending({ forest, domain })
        hub.noted({ forest, domain })
      }
      if (of.length > 0) events.missingReleased({ forest, objects, who, why })
      return { partitions: of.length, objects }
    }),
    listAgents: unary(async () => ({ agents: (await liveAgents(sql)).map(toAgent) })),
    listSetAside: unary(async ({ limit }: capture.ListSetAsideRequest) => ({
      objects: await listSetAside(sql, Math.min(limit || 100, 1_000)),
    })),
    releaseSetAside: unary(async ({ forest, guid }: capture.ReleaseSetAsideRequest) => {
      const domain = isGuid(guid) ? await domainOf(sql, forest, guid) : undefined
      if (domain === undefined) return { released: false }
      await addReread(sql, { forest, domain }, guid)
      hub.noted({ forest, domain })
      return { released: true }
    }),
    retryCredential: unary(async ({ credential }: capture.RetryCredentialRequest) => ({
      versions: await forgetRefusals(sql, credential),
    })),
  }
}

/** Every partition is asked; what is found is kept like any change. */
async function readObject(
  options: RpcOptions,
  { who, forest }: capture.ReadObjectRequest,
): Promise<capture.ReadObjectResponse> {
  const objects = new Map<string, change.DirectoryObject>()
  const unanswered: agent.CheckLine[] = []
  for (const row of await partitionsOf(options.sql, forest)) {
    try {
      for (const guid of await readIn(options, row, who)) {
        const found = await findObjects(options.sql, { who: guid, forest: row.forest, limit: 1 })
        for (const object of found) objects.set(`${object.forest}/${object.guid}`, object)
      }
    } catch (error) {
      const { code, message, mend } = classify(error)
      unanswered.push({
        subject: `${row.forest}/${row.domain}`,
        check: code,
        verdict: 'VERDICT_FAIL',
        message,
        mend: mend ?? '',
      })
    }
  }
  return { objects: [...objects.values()], unanswered }
}

/** GUIDs of what the partition has under that name. */
async function readIn({ hub, readings, onPending }: RpcOptions, row: PartitionRow, who: string): Promise<string[]> {
  const { forest, domain, session } = row
  const of = { forest, domain }
  const holder = { ...of, session }
  const mark = await readings.open(holder)
  const { code, message, entries } = await hub.command(of, { $case: 'readObject', value: { ...of, who, memberDn: '' } })
  if (code !== '') throw Object.assign(new Error(message), { code })
  const guids = entries.filter((entry) => entry.complete || entry.deleted).map((entry) => entry.guid)
  for (const guid of guids) {
    // The object first, then the groups that hold it; those follow it in the answer.
    const from = entries.findIndex((entry) => entry.guid === guid)
    const next = entries.findIndex((entry, n) => n > from && entry.complete)
    const own = entries.slice(from, next < 0 ? entries.length : next)
    if (mark !== undefined) await readings.whole({ ...holder, guid }, { mark, absent: false, entries: own })
  }
  onPending(of)
  return guids
}

const toAgent = (row: Awaited<ReturnType<typeof liveAgents>>[number]): capture.AgentStatus => ({
  name: row.agent,
  version: row.version,
  protocol: row.protocol,
  instance: row.instance,
  attachedAt: row.attached_at,
  credentials: row.credentials,
  forests: row.forests,
  ceiling: row.ceiling ? agent.Ceiling.decode(row.ceiling) : undefined,
  partitions: row.held,
  enrolled: row.enrolled,
})

const listSetAside = (sql: Sql, limit: number): Promise<capture.SetAside[]> =>
  sql.query<capture.SetAside & Record<string, unknown>>(
    'select forest, guid, bytes, reason, at from set_aside order by at desc limit $1',
    [limit],
  )

/** Where an object is kept; one that never came in may be anywhere in its forest: the first partition is asked. */
async function domainOf(sql: Sql, forest: string, guid: string): Promise<string | undefined> {
  const [row] = await sql.query<{ domain: string }>(
    `select coalesce(o.domain, (select p.domain from partition p where p.forest = s.forest order by p.domain limit 1)) as domain
     from set_aside s left join object o on o.forest = s.forest and o.guid = s.guid
     where s.forest = $1 and s.guid = $2::uuid`,
    [forest, guid],
  )
  return row?.domain
}
