/** What people decide and set off: held operations, parked records, conflicts, reading again, reconciling. */
import { call, Failure } from '@canopy/chassis'
import { capture, introspection, resolve, write } from '@canopy/proto'
import { bodyText, requiredText } from '../http/body.ts'
import { type Asked, badRequest } from '../ports.ts'
import { listSetAside, releaseSetAside } from './agents.ts'
import { type AskedService, answered, askedServices, attempt, type Unanswered } from './services.ts'

const reconcileDeadlineMs = 600_000

const writeClient = ({ channels }: Asked) => channels.client('write', write.WriteClient)

export const held = (asked: Asked): Promise<write.ListHeldResponse> =>
  call(writeClient(asked), 'listHeld', { limit: asked.query.count('limit', 100, 10_000) })

/** Failure CANOPY-CONSOLE-0008-NOT-FOUND: nothing of that id or class is held. */
export async function decideHeld(asked: Asked): Promise<write.DecideHeldResponse> {
  const { body } = asked
  const id = requiredText(body, 'id')
  const approve = typeof body === 'object' && body !== null && 'approve' in body ? body.approve : undefined
  if (typeof approve !== 'boolean') throw badRequest('approve must be true or false', 'body.approve')
  const answer = await call(writeClient(asked), 'decideHeld', {
    id,
    approve,
    why: requiredText(body, 'why'),
    who: bodyText(body, 'who') || 'console',
  })
  if (answer.decided > 0) return answer
  throw new Failure({
    kind: 'permanent',
    code: 'CANOPY-CONSOLE-0008-NOT-FOUND',
    message: `nothing is held under ${id}`,
    mend: 'canopy held list shows what is held; a newer version of an object voids what was held of it',
  })
}

export const conflicts = ({ channels, query }: Asked): Promise<resolve.ListConflictsResponse> =>
  call(channels.client('resolve', resolve.ResolveClient), 'listConflicts', { limit: query.count('limit', 100, 10_000) })

export const resnapshot = ({ channels, body }: Asked): Promise<capture.ResnapshotResponse> =>
  call(channels.client('capture', capture.CaptureClient), 'resnapshot', {
    forest: requiredText(body, 'forest'),
    base: bodyText(body, 'ou'),
  })

export const reconcile = (asked: Asked): Promise<write.ReconcileResponse> =>
  call(
    writeClient(asked),
    'reconcile',
    { target: bodyText(asked.body, 'target') },
    { deadlineMs: reconcileDeadlineMs, signal: asked.signal },
  )

export interface ParkedAnswer {
  readonly parked: readonly ({ readonly service: AskedService } & introspection.Parked)[]
  /** Services that did not answer. */
  readonly missing: readonly ({ readonly service: AskedService } & Unanswered)[]
}

export async function parked(asked: Asked): Promise<ParkedAnswer> {
  const { channels, query } = asked
  const limit = query.count('limit', 100, 1_000)
  const services = servicesNamed(query.text('service'))
  const answers = await Promise.all(
    services.map((service) =>
      attempt(() =>
        call(channels.client(service, introspection.IntrospectionClient), 'listParked', { service, limit }),
      ),
    ),
  )
  const aside = services.includes('capture') ? answered(await attempt(() => listSetAside(asked, limit))) : undefined
  const records = answers.flatMap((answer, index) =>
    answer.ok ? answer.value.parked.map((each) => ({ service: services[index]!, ...each })) : [],
  )
  return {
    parked: [...records, ...(aside?.objects ?? []).map(asParked)].slice(0, limit),
    missing: answers.flatMap((answer, index) => {
      if (answer.ok) return []
      const { code, message, mend } = answer
      return [{ service: services[index]!, code, message, mend }]
    }),
  }
}

/** An object that capture set aside, as the records are shown that stages parked. */
const asParked = ({ forest, guid, bytes, reason, at }: capture.SetAside): ParkedAnswer['parked'][number] => ({
  service: 'capture',
  id: `aside_${forest}/${guid}`,
  topic: 'canopy.changes',
  partition: -1,
  offset: -1n,
  key: `${forest}/${guid}`,
  code: 'CANOPY-CAPTURE-0007',
  reason: bytes > 0 ? `${reason} (${bytes})` : reason,
  at,
})

/** Ids are unique over all services: the one that knows it releases it. */
export async function releaseParked(asked: Asked): Promise<{ released: true; service: AskedService }> {
  const { channels, body } = asked
  const id = requiredText(body, 'id')
  const aside = /^aside_([^/]+)\/([0-9a-f-]{36})$/.exec(id)
  if (aside && (await releaseSetAside(asked, { forest: aside[1]!, guid: aside[2]! })))
    return { released: true, service: 'capture' }
  for (const service of servicesNamed(bodyText(body, 'service'))) {
    const client = () => channels.client(service, introspection.IntrospectionClient)
    const answer = await attempt(() => call(client(), 'releaseParked', { id, service }))
    if (answer.ok && answer.value.released) return { released: true, service }
  }
  throw new Failure({
    kind: 'permanent',
    code: 'CANOPY-CONSOLE-0009-NOT-FOUND',
    message: `no record is parked under ${id}`,
    mend: 'canopy parked list shows them; a newer record of the same key takes a parked one away',
  })
}

function servicesNamed(name: string): readonly AskedService[] {
  if (name === '') return askedServices
  const found = askedServices.filter((service) => service === name)
  if (found.length > 0) return found
  throw badRequest(`there is no service ${name}`, 'service', `one of: ${askedServices.join(', ')}`)
}
