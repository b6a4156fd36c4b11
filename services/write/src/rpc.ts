/** The Write RPCs. */
import { type Context, Failure, unary } from '@canopy/chassis'
import { write } from '@canopy/proto'
import { decideHeld, listHeld } from './adapters/store/guards.sql.ts'
import { heldObjects } from './adapters/store/held-objects.sql.ts'
import { beforeImages, cloudObject, counters, journalOf, memberIds, stateCounts } from './adapters/store/status.sql.ts'
import type { Propagation } from './propagation.ts'
import { reconcile } from './work/reconcile.ts'
import type { Target } from './work/target.ts'

export interface RpcParts {
  readonly context: Pick<Context<unknown>, 'rpc' | 'sql'>
  readonly targets: () => readonly Target[]
  readonly barrierOpen: () => boolean
  readonly forestsComplete: () => Promise<string[]>
  readonly propagation: Propagation
  readonly wake: () => void
}

export function addWriteRpc(parts: RpcParts): void {
  const { context } = parts
  const { sql } = context
  const named = (name: string): readonly Target[] => {
    const found = parts.targets().filter((target) => name === '' || target.name === name)
    if (found.length > 0) return found
    const known = parts
      .targets()
      .map((target) => target.name)
      .join(', ')
    throw new Failure({
      kind: 'permanent',
      code: 'CANOPY-WRITE-0003',
      message: name === '' ? 'no target is configured yet' : `there is no target ${name}`,
      mend: known ? `one of: ${known}` : 'apply a configuration with a target',
    })
  }
  context.rpc.addService(write.WriteService, {
    getTargets: unary(async () => ({
      targets: await Promise.all(parts.targets().map((target) => targetStatus(target, parts))),
    })),
    getCloudObject: unary(async (request: write.GetCloudObjectRequest) => getCloudObject(parts, request.anchor)),
    listHeld: unary(async (request: write.ListHeldRequest) => {
      const rows = await listHeld(sql, request.limit || 100)
      const operations = rows.map((row) => ({ ...row, display: row.display ?? row.anchor, class: row.class }))
      const objects = await heldObjects(sql, request.limit || 100, (kind) => targetOf(parts, kind))
      return { held: [...operations, ...objects.held], total: rows.length + objects.total }
    }),
    decideHeld: unary(async (request: write.DecideHeldRequest) => {
      const decided = await decideHeld(sql, request)
      parts.wake()
      return { decided }
    }),
    checkTarget: unary(async (request: write.CheckTargetRequest) => {
      const lines = await Promise.all(named(request.target).map((target) => target.directory.check()))
      return { lines: lines.flat() }
    }),
    getTenantDomains: unary(async (request: write.GetTenantDomainsRequest) => {
      const found = await Promise.all(named(request.target).map((target) => target.directory.domains()))
      return { domains: found.flat() }
    }),
    reconcile: unary(async (request: write.ReconcileRequest) => {
      const sums = await Promise.all(named(request.target).map((target) => reconcile(sql, target)))
      const total = (pick: (sum: (typeof sums)[number]) => number): number =>
        sums.reduce((all, sum) => all + pick(sum), 0)
      return {
        objectsRead: total((s) => s.objectsRead),
        equal: total((s) => s.equal),
        differing: total((s) => s.differing),
        missing: total((s) => s.missing),
        foreign: total((s) => s.foreign),
        writes: 0,
      }
    }),
  })
}

const targetOf = ({ targets }: RpcParts, kind: string): string =>
  targets().find((target) => target.directory.capabilities.kinds.includes(kind as 'user'))?.name ?? ''

async function targetStatus(target: Target, parts: RpcParts): Promise<write.TargetStatus> {
  const { sql } = parts.context
  const counts = await stateCounts(sql, target.directory.capabilities.kinds)
  const done = await counters(sql, target.name)
  const { failure } = target.health
  return write.TargetStatus.fromPartial({
    target: target.name,
    type: target.type,
    mode: target.mode,
    state: failure ? 'waiting' : target.mode === 'observe' ? 'observing' : 'writing',
    code: failure?.code ?? '',
    message: failure?.message ?? '',
    mend: failure?.mend ?? '',
    created: done.created ?? 0,
    updated: done.updated ?? 0,
    disabled: done.disabled ?? 0,
    deleted: done.deleted ?? 0,
    membersAdded: done.membersAdded ?? 0,
    membersRemoved: done.membersRemoved ?? 0,
    held: counts.held,
    objects: counts.objects,
    objectsEqual: counts.objectsEqual,
    edges: counts.edges,
    edgesEqual: counts.edgesEqual,
    backlog: counts.backlog,
    oldestDifference: counts.oldestDifference,
    barrierOpen: parts.barrierOpen(),
    waiting: counts.waiting,
    failed: counts.failed,
    ...parts.propagation.percentiles(),
    forestsComplete: await parts.forestsComplete(),
  })
}

async function getCloudObject(parts: RpcParts, anchor: string): Promise<write.CloudObject> {
  const { sql } = parts.context
  const row = await cloudObject(sql, anchor)
  if (!row) {
    throw new Failure({
      kind: 'permanent',
      code: 'CANOPY-WRITE-0004',
      message: `write knows no object with the anchor ${anchor}`,
      mend: 'canopy show finds anchors by DN, GUID, UPN and mail',
    })
  }
  const [images, members, journal] = await Promise.all([
    beforeImages(sql, anchor),
    memberIds(sql, anchor),
    journalOf(sql, anchor),
  ])
  const text = (values: readonly string[]): string => JSON.stringify(values.length === 1 ? values[0] : values)
  return write.CloudObject.fromPartial({
    anchor,
    target: targetOf(parts, row.kind),
    kind: row.kind,
    cloudId: row.cloud_id ?? '',
    attributes: Object.fromEntries(Object.entries(row.applied ?? {}).map(([name, values]) => [name, text(values)])),
    state: row.state,
    message: row.reason ?? '',
    desiredVersion: row.version,
    appliedVersion: row.applied_version,
    beforeImage: Object.fromEntries(images.map((image) => [image.attribute, text(image.values)])),
    members: members.map((member) => member.display ?? member.other),
    journal: journal.map((entry) => ({
      id: String(entry.id),
      anchor,
      action: entry.action,
      message: entry.outcome ?? 'open',
      code: entry.code ?? '',
      at: entry.sent_at,
      otherAnchor: entry.other ?? '',
    })),
  })
}
