/** GET show: everything that is known about one person, group or contact. */
import { type Channels, call, Failure } from '@canopy/chassis'
import { capture, type change, resolve, transform, write } from '@canopy/proto'
import { type Comparison, compare } from '../core/comparison.ts'
import type { Asked } from '../ports.ts'
import { answered, attempt, type Unanswered } from './services.ts'

const mostShown = 10

export interface ShowAnswer {
  readonly who: string
  readonly found: readonly Comparison[]
  /** Services that did not answer: their part is missing. */
  readonly missing: readonly ({ readonly service: string } & Unanswered)[]
}

/** Failure CANOPY-CONSOLE-0006-NOT-FOUND: nothing of that name anywhere. */
export async function show({ query, channels }: Asked): Promise<ShowAnswer> {
  const who = query.required('who')
  const missing = new Map<string, Unanswered>()
  const ask = async <T>(service: string, question: () => Promise<T>): Promise<T | undefined> => {
    const answer = await attempt(question)
    // A permanent answer such as "knows no object" is an answer; so is silence, but a missing one.
    if (!answer.ok && (answer.code.startsWith('CANOPY-RPC-') || answer.code === 'CANOPY-0002'))
      missing.set(service, answer)
    return answered(answer)
  }
  const identities = await findIdentities(channels, who, ask)
  const found = await Promise.all(identities.map((identity) => compareOne(channels, identity, ask)))
  if (found.length === 0 && missing.size === 0) throw nobody(who)
  return { who, found, missing: [...missing].map(([service, why]) => ({ service, ...why })) }
}

type Ask = <T>(service: string, question: () => Promise<T>) => Promise<T | undefined>

/** By resolve; an object it does not know is shown as its forest says it and as it would be mapped. */
async function findIdentities(channels: Channels, who: string, ask: Ask): Promise<readonly resolve.Identity[]> {
  const known = await identitiesOf(channels, who, ask)
  if (known.length > 0) return known
  const objects = await objectsOf(channels, { who, forest: '' }, ask)
  const each = await Promise.all(
    objects.map(async (object) => {
      const identities = await identitiesOf(channels, object.guid, ask)
      return identities.length > 0 ? identities : [await preview(channels, object, ask)]
    }),
  )
  const seen = new Set<string>()
  return each.flat().filter(({ desired }) => {
    if (!desired) return true
    const again = seen.has(desired.anchor)
    seen.add(desired.anchor)
    return !again
  })
}

async function preview(channels: Channels, object: change.DirectoryObject, ask: Ask): Promise<resolve.Identity> {
  const made = await ask('transform', () =>
    call(channels.client('transform', transform.TransformClient), 'preview', { object, configuration: undefined }),
  )
  return { desired: undefined, contributions: made ? [made] : [], conflicts: [] }
}

async function identitiesOf(channels: Channels, who: string, ask: Ask): Promise<readonly resolve.Identity[]> {
  const answer = await ask('resolve', () =>
    call(channels.client('resolve', resolve.ResolveClient), 'findIdentities', { who, limit: mostShown }),
  )
  return answer?.identities ?? []
}

async function objectsOf(
  channels: Channels,
  { who, forest }: { readonly who: string; readonly forest: string },
  ask: Ask,
): Promise<readonly change.DirectoryObject[]> {
  const answer = await ask('capture', () =>
    call(channels.client('capture', capture.CaptureClient), 'findObjects', { who, forest, limit: mostShown }),
  )
  return answer?.objects ?? []
}

async function compareOne(channels: Channels, identity: resolve.Identity, ask: Ask): Promise<Comparison> {
  const anchor = identity.desired?.anchor
  const [objects, cloud] = await Promise.all([
    Promise.all(identity.contributions.map(({ guid, forest }) => objectsOf(channels, { who: guid, forest }, ask))),
    anchor === undefined
      ? undefined
      : ask('write', () => call(channels.client('write', write.WriteClient), 'getCloudObject', { anchor })),
  ])
  return compare({ identity, objects: objects.flat(), cloud })
}

const nobody = (who: string): Failure =>
  new Failure({
    kind: 'permanent',
    code: 'CANOPY-CONSOLE-0006-NOT-FOUND',
    message: `nobody and nothing is found by ${who}`,
    mend: 'give a DN, GUID, user principal name, mail address or anchor in full',
  })
