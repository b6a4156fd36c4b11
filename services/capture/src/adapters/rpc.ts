/** Answers the RPCs of capture and of the hub. */
import { Failure, type Sql, unary } from '@canopy/chassis'
import { canonicalDn, parseGuid } from '@canopy/domain'
import type { agent, capture, change } from '@canopy/proto'
import { Locations } from '../core/location.ts'
import type { AgentSession } from './agent-session.ts'
import { toRecord } from './body.ts'
import type { Hub } from './hub.ts'
import { resolveNames } from './names.sql.ts'
import { findByLookup, loadObjects, loadPlaces, type StoredObject, stateOf } from './objects.sql.ts'
import { listPartitions, type PartitionRow } from './partitions.sql.ts'

export interface RpcOptions {
  readonly sql: Sql
  readonly hub: Hub
}

/** The stream of one agent: its first message must be Hello. */
export function attachHandler(hub: Hub): agent.HubServer['attach'] {
  return (call) => {
    let session: AgentSession | undefined
    call.on('data', (message: agent.AgentMessage) => {
      if (session) hub.receive(session, message)
      else if (message.body?.$case === 'hello' && message.body.value.protocol === 1)
        session = hub.attach(call, message.body.value)
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

export function captureHandlers(options: RpcOptions): capture.CaptureServer {
  const { sql, hub } = options
  return {
    getForests: unary(async () => ({ partitions: (await listPartitions(sql)).map(toStatus) })),
    resolveContainers: unary(async ({ forest, dns }: capture.ResolveContainersRequest) => ({
      guids: await resolveContainers(sql, forest, dns),
    })),
    findObjects: unary(async (request: capture.FindObjectsRequest) => ({ objects: await findObjects(sql, request) })),
    checkForest: unary(async ({ forest }: capture.CheckForestRequest) => ({
      lines: await checkForest(options, forest),
    })),
    resnapshot: unary(async ({ forest }: capture.ResnapshotRequest) => {
      const of = await partitionsOf(sql, forest)
      for (const { forest, domain } of of) {
        await hub.command({ forest, domain }, { $case: 'resnapshot', value: { forest, domain } })
      }
      return { partitions: of.length }
    }),
  }
}

async function partitionsOf(sql: Sql, forest: string): Promise<PartitionRow[]> {
  const found = (await listPartitions(sql)).filter((row) => forest === '' || row.forest === forest)
  if (found.length > 0) return found
  throw new Failure({
    kind: 'permanent',
    code: 'CANOPY-CAPTURE-0004',
    message: forest === '' ? 'no forest is configured' : `there is no forest ${forest}`,
    mend: 'apply a configuration that names it',
  })
}

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

async function resolveContainers(sql: Sql, forest: string, dns: readonly string[]): Promise<Record<string, string>> {
  const guids: Record<string, string> = {}
  for (const row of await listPartitions(sql)) {
    if (row.forest !== forest) continue
    const found = await resolveNames(sql, row, dns)
    for (const dn of dns) {
      const guid = found.get(canonicalDn(dn))
      if (guid !== undefined) guids[dn] = guid
    }
  }
  return guids
}

const provenance: change.Source = {
  server: '',
  namingContext: '',
  epoch: 0n,
  batch: 0n,
  observedAt: undefined,
  snapshot: false,
}

async function findObjects(sql: Sql, request: capture.FindObjectsRequest): Promise<change.DirectoryObject[]> {
  const limit = Math.min(request.limit || 20, 500)
  const found: (StoredObject & { readonly forest: string })[] = /^[A-Za-z.0-9-]+=.*,/.test(request.who)
    ? await findByName(sql, request)
    : await findByLookup(sql, { who: request.who, guid: parseGuid(request.who) ?? '', forest: request.forest, limit })
  const objects: change.DirectoryObject[] = []
  for (const object of found) {
    const { forest, guid, version, gone } = object
    const state = stateOf(object)
    const places = await loadPlaces(sql, forest, state.parent === undefined ? [] : [state.parent])
    const location = new Locations(places).of(state, state.rdn)
    objects.push(toRecord({ forest, guid, version, gone, state, location, source: provenance }))
  }
  return objects
}

async function findByName(
  sql: Sql,
  { who, forest }: capture.FindObjectsRequest,
): Promise<(StoredObject & { forest: string })[]> {
  const found: (StoredObject & { forest: string })[] = []
  for (const row of await listPartitions(sql)) {
    if (forest !== '' && row.forest !== forest) continue
    const guids = [...(await resolveNames(sql, row, [who])).values()]
    for (const object of (await loadObjects(sql, row.forest, guids)).values())
      found.push({ ...object, forest: row.forest })
  }
  return found
}

function toStatus(row: PartitionRow): capture.PartitionStatus {
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
    mend: held ? 'check the rights of the account, then read the forest again (resnapshot)' : row.mend,
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
  }
}
