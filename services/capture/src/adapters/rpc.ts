/** Answers the RPCs of capture and of the hub. */
import { Failure, type Sql, toServiceError, unary } from '@canopy/chassis'
import { canonicalDn } from '@canopy/domain'
import type { agent, capture } from '@canopy/proto'
import type { AgentIdentity, AgentSession } from './agent-session.ts'
import { besideHandlers } from './beside-rpc.ts'
import { type Hub, protocols } from './hub.ts'
import { findObjects, listObjects, partitionsOf, type RpcOptions, resolveContainers } from './lookup.ts'
import { listPartitions, type PartitionRow } from './partitions.sql.ts'
import { addReading, listReadings, type ReadingRow } from './readings.sql.ts'

/**
 * The stream of one agent: its first message must be Hello, of a version of the protocol that is understood. `identify`
 * says who it is by its certificate; undefined: it is not let in.
 */
export function attachHandler(
  hub: Hub,
  identify?: (call: Parameters<agent.HubServer['attach']>[0]) => AgentIdentity | undefined,
): agent.HubServer['attach'] {
  return (call) => {
    const identity = identify?.(call)
    if (identify && !identity) {
      call.emit('error', toServiceError(unenrolled()))
      return
    }
    let session: AgentSession | undefined
    call.on('data', (message: agent.AgentMessage) => {
      if (session) hub.receive(session, message)
      else if (message.body?.$case === 'hello' && understood(message.body.value.protocol))
        session = hub.attach(call, message.body.value, identity)
      else call.end()
    })
    const gone = (): void => {
      if (session) void hub.detach(session)
    }
    call.on('end', () => {
      gone()
      call.end()
    })
    call.on('error', gone)
    call.on('cancelled', gone)
    call.on('close', gone)
  }
}

const understood = (protocol: number): boolean => protocol >= protocols.least && protocol <= protocols.newest

export const unenrolled = (): Failure =>
  new Failure({
    kind: 'permanent',
    code: 'CANOPY-ENROL-0002',
    message: 'the hub takes agents with a certificate it issued',
    mend: 'canopy agent token NAME makes a token; give it to the agent',
  })

export function captureHandlers(options: RpcOptions): capture.CaptureServer {
  const { sql } = options
  return {
    getForests: unary(async () => ({ partitions: await statusOf(sql) })),
    resolveContainers: unary(async ({ forest, dns }: capture.ResolveContainersRequest) => ({
      guids: await resolveContainers(sql, forest, dns),
    })),
    findObjects: unary(async (request: capture.FindObjectsRequest) => ({ objects: await findObjects(sql, request) })),
    listObjects: unary((request: capture.ListObjectsRequest) => listObjects(sql, request)),
    checkForest: unary(async ({ forest }: capture.CheckForestRequest) => ({
      lines: await checkForest(options, forest),
    })),
    resnapshot: unary(async (request: capture.ResnapshotRequest) => ({
      partitions: await resnapshot(options, request),
    })),
    ...besideHandlers(options),
  }
}

/** Of a place: noted, and read beside the stream. Of a forest: from the start. Returns how many partitions it concerns. */
async function resnapshot({ sql, hub }: RpcOptions, { forest, base }: capture.ResnapshotRequest): Promise<number> {
  const all = await partitionsOf(sql, forest)
  const of = base === '' ? all : all.filter((row) => holds(row, base))
  if (of.length === 0) throw nowhere(forest, base)
  for (const { forest, domain } of of) {
    if (base === '') await hub.command({ forest, domain }, { $case: 'resnapshot', value: { forest, domain } })
    else await addReading(sql, { forest, domain }, base)
    hub.noted({ forest, domain })
  }
  return of.length
}

const holds = ({ naming_context }: PartitionRow, base: string): boolean =>
  `,${canonicalDn(base)}`.endsWith(`,${canonicalDn(naming_context)}`)

const nowhere = (forest: string, base: string): Failure =>
  new Failure({
    kind: 'permanent',
    code: 'CANOPY-CAPTURE-0006',
    message: `${base} is in no domain of ${forest}`,
    mend: 'give the distinguished name of an organizational unit, in full',
  })

async function checkForest({ sql, hub }: RpcOptions, forest: string): Promise<agent.CheckLine[]> {
  const lines: agent.CheckLine[] = []
  for (const { forest: name, domain } of await partitionsOf(sql, forest)) {
    const of = { forest: name, domain }
    try {
      const result = await hub.command(of, { $case: 'check', value: of })
      lines.push(...result.lines)
    } catch (error) {
      const mend = error instanceof Failure ? (error.mend ?? '') : ''
      const message = error instanceof Error ? error.message : 'no answer'
      lines.push({ subject: `${name}/${domain}`, check: 'agent', verdict: 'VERDICT_FAIL', message, mend })
    }
  }
  return lines
}

async function statusOf(sql: Sql): Promise<capture.PartitionStatus[]> {
  const [rows, readings] = await Promise.all([listPartitions(sql), listReadings(sql)])
  return rows.map((row) =>
    toStatus(
      row,
      readings.filter((r) => r.forest === row.forest && r.domain === row.domain),
    ),
  )
}

function toStatus(row: PartitionRow, readings: readonly ReadingRow[]): capture.PartitionStatus {
  const held = row.held !== ''
  return {
    forest: row.forest,
    domain: row.domain,
    namingContext: row.naming_context,
    agent: row.agent,
    state: held ? 'PARTITION_STATE_WAITING' : row.state,
    server: row.server,
    dialect: row.dialect,
    blind: !row.sees_deletions,
    code: held ? 'CANOPY-CAPTURE-0003' : row.code,
    message: held ? row.held : row.message,
    mend: held
      ? `check the rights of the account, then canopy resnapshot ${row.forest}; if they are really gone: canopy forest release ${row.forest}`
      : row.mend,
    users: row.users,
    groups: row.groups,
    contacts: row.contacts,
    containers: row.containers,
    memberships: row.memberships,
    epoch: row.epoch,
    batches: row.next_batch - 1n,
    freshAt: row.fresh_at ?? undefined,
    complete: row.complete,
    entriesRead: row.entries_read,
    optional: row.optional,
    missing: row.missing,
    readings: readings.map(({ id, base, entries, asked_at, trouble }) => ({
      id,
      base,
      entries,
      askedAt: asked_at,
      trouble,
    })),
  }
}
