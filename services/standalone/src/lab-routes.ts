/** What `canopy lab …` can do to the lab's own people, served beside the gateway. */
import { Failure } from '@canopy/chassis'
import type { ExtraRoute } from '@canopy/console'
import { churn, type LabForest, type LabObject } from '@canopy/lab'
import { durationMs, faultKinds, faultNames, setFault } from './lab-faults.ts'
import type { LabWorld } from './lab-world.ts'

export interface LabRequest {
  readonly who?: string
  readonly name?: string
  readonly to?: string
  readonly forest?: string
  readonly kind?: string
  readonly count?: number
  readonly limit?: number
  readonly for?: string
  readonly amount?: number
}

export interface LabAnswer {
  readonly lines: readonly string[]
  readonly objects?: readonly { readonly forest: string; readonly dn: string; readonly guid: string }[]
}

const failure = (message: string, mend: string): Failure =>
  new Failure({ kind: 'permanent', code: 'CANOPY-LAB-0001', message, mend })

const verbs = [
  'rename',
  'move',
  'disable',
  'enable',
  'delete',
  'restore',
  'add-member',
  'remove-member',
  'churn',
  'fault',
] as const

/** Routes of the gateway; without a lab there are none. */
export function labRoutes(world: LabWorld | undefined): ExtraRoute[] {
  if (!world) return []
  const answer = async (verb: string, request: LabRequest): Promise<LabAnswer> => labRequest(world, verb, request)
  return [
    {
      method: 'GET',
      path: '/api/v1/lab/list',
      handler: (query) => answer('list', { ...query, limit: Number(query.limit ?? 20) }),
    },
    ...verbs.map(
      (verb): ExtraRoute => ({
        method: 'POST',
        path: `/api/v1/lab/${verb}`,
        handler: (_query, body) => answer(verb, (body ?? {}) as LabRequest),
      }),
    ),
  ]
}

/** One answer per verb; `lab list` finds what the others name by DN, GUID, account name, UPN or display name. */
export function labRequest(world: LabWorld, verb: string, request: LabRequest): LabAnswer {
  switch (verb) {
    case 'list':
      return list(world, request)
    case 'rename':
      return rename(one(world, request), request.name)
    case 'move':
      return move(one(world, request), request.to)
    case 'disable':
      return setControl(one(world, request), 514, 'disabled')
    case 'enable':
      return setControl(one(world, request), 512, 'enabled')
    case 'delete':
      return remove(one(world, request))
    case 'restore':
      return restore(world, request)
    case 'add-member':
      return member(world, request, 'add')
    case 'remove-member':
      return member(world, request, 'delete')
    case 'churn':
      return churnAll(world, request)
    case 'fault':
      return fault(world, request)
    default:
      throw failure(`the lab has no ${verb}`, 'canopy lab --help lists what it can do')
  }
}

interface Found {
  readonly forest: LabForest
  readonly object: LabObject
}

const kinds: Readonly<Record<string, string>> = {
  user: '(&(objectClass=user)(employeeType=*))',
  group: '(&(objectClass=group)(!(isCriticalSystemObject=TRUE)))',
  contact: '(objectClass=contact)',
  ou: '(objectClass=organizationalUnit)',
}

function forestsOf(world: LabWorld, request: LabRequest): readonly LabForest[] {
  const found = world.forests.filter((forest) => !request.forest || forest.name === request.forest)
  if (found.length > 0) return found
  throw failure(
    `there is no forest ${request.forest}`,
    `one of: ${world.forests.map((forest) => forest.name).join(', ')}`,
  )
}

function list(world: LabWorld, request: LabRequest): LabAnswer {
  const filter = kinds[request.kind ?? 'user'] ?? kinds.user ?? ''
  const limit = request.limit ?? 20
  const objects = forestsOf(world, request).flatMap((forest) =>
    forest.directory
      .find(filter)
      .slice(0, limit)
      .map((object) => ({ forest: forest.name, dn: object.dn, guid: object.guid })),
  )
  return { lines: objects.map((object) => `${object.forest}  ${object.dn}`), objects }
}

/** By DN or GUID, else by an attribute that names it; two that fit are refused. */
function one(world: LabWorld, request: LabRequest, who = request.who): Found {
  if (!who) throw failure('nobody is named', 'name an object by DN, GUID, account name, UPN or display name')
  const found: Found[] = []
  for (const forest of forestsOf(world, request)) {
    const direct = who.includes('=') || /^[0-9a-f-]{36}$/i.test(who) ? forest.directory.get(who) : undefined
    if (direct) return { forest, object: direct }
    const value = who.replaceAll(/[\\*()\0]/g, (c) => `\\${c.charCodeAt(0).toString(16).padStart(2, '0')}`)
    const names = ['cn', 'sAMAccountName', 'userPrincipalName', 'displayName', 'mail'].map(
      (name) => `(${name}=${value})`,
    )
    found.push(...forest.directory.find(`(|${names.join('')})`).map((object) => ({ forest, object })))
  }
  const [first, second] = found
  if (!first) throw failure(`the lab has no object ${who}`, 'canopy lab list shows some')
  if (second)
    throw failure(`${found.length} objects are named ${who}`, `name one by its DN, for example ${first.object.dn}`)
  return first
}

function rename({ forest, object }: Found, name: string | undefined): LabAnswer {
  if (!name) throw failure('the new name is missing', 'canopy lab rename WHO NEW-NAME')
  if (object.objectClass === 'user' || object.objectClass === 'contact') {
    const [given, ...family] = name.split(' ')
    forest.directory.modify(object.guid, { displayName: name, givenName: given, sn: family.join(' ') || given })
  } else if (object.objectClass === 'group') {
    forest.directory.modify(object.guid, { displayName: name })
  }
  const type = object.dn.split('=')[0] ?? 'CN'
  const renamed = forest.directory.rename(object.guid, `${type}=${name.replaceAll(/([,+"\\<>;=#])/g, '\\$1')}`)
  return {
    lines: [`${forest.name}: renamed to ${renamed.dn}`],
    objects: [{ forest: forest.name, dn: renamed.dn, guid: renamed.guid }],
  }
}

function move({ forest, object }: Found, to: string | undefined): LabAnswer {
  if (!to) throw failure('the new place is missing', 'canopy lab move WHO OU')
  const moved = forest.directory.move(object.guid, to)
  return { lines: [`${forest.name}: moved to ${moved.dn}`] }
}

function setControl({ forest, object }: Found, userAccountControl: number, what: string): LabAnswer {
  forest.directory.modify(object.guid, { userAccountControl })
  return { lines: [`${forest.name}: ${what} ${object.dn}`] }
}

function remove({ forest, object }: Found): LabAnswer {
  const line = `${forest.name}: deleted ${object.dn} (restore it with canopy lab restore ${object.guid})`
  forest.directory.remove(object.guid)
  return { lines: [line] }
}

function restore(world: LabWorld, request: LabRequest): LabAnswer {
  for (const forest of forestsOf(world, request)) {
    try {
      const object = forest.directory.restore(request.who ?? '')
      return { lines: [`${forest.name}: restored ${object.dn}`] }
    } catch {
      // The next forest may hold it.
    }
  }
  throw failure(`no forest has a deleted object ${request.who}`, 'name it by the GUID that canopy lab delete printed')
}

function member(world: LabWorld, request: LabRequest, kind: 'add' | 'delete'): LabAnswer {
  const group = one(world, request, request.to)
  const person = one(world, request)
  if (group.forest !== person.forest) throw failure('the group is in another forest', 'name a group of the same forest')
  group.forest.directory.modify(group.object.guid, [{ kind, type: 'member', values: [person.object.dn] }])
  return { lines: [`${group.forest.name}: ${kind === 'add' ? 'added to' : 'removed from'} ${group.object.dn}`] }
}

function churnAll(world: LabWorld, request: LabRequest): LabAnswer {
  const changes = Math.min(Math.max(1, request.count ?? 20), 100_000)
  const lines = forestsOf(world, request).map((forest) => {
    const done = churn(forest.directory, { changes })
    return `${forest.name}: ${done.attributes} attribute changes, ${done.memberships} membership changes, ${done.renames} renames`
  })
  return { lines }
}

function fault(world: LabWorld, request: LabRequest): LabAnswer {
  if (request.for !== undefined && durationMs(request.for) === undefined)
    throw failure(`--for ${request.for} is no duration`, 'give 500ms, 30s, 2m or 1h')
  if (request.kind === 'list') return { lines: faultKinds() }
  const lines = setFault(world, request, forestsOf(world, request))
  if (lines !== undefined) return { lines }
  throw failure(
    `the lab has no fault ${request.kind ?? ''}`,
    `one of: ${faultNames().join(', ')}; canopy lab fault list says what each does`,
  )
}
