/** What must happen in the cloud for one anchor: a pure function of what is desired and what is there. */

/** Canonical values of one attribute: booleans as "true"/"false", an empty list where there is none. */
export type AttributeValues = readonly string[]
export type AttributeSet = Readonly<Record<string, AttributeValues>>

export interface PlannedDesire {
  readonly gone: boolean
  /** Left scope: disabled now where the kind can be, deleted once `deleteDue`. */
  readonly leftScope: 'no' | 'keep' | 'disable'
  readonly deleteDue: boolean
  /** Of a kind that signs in: leaving scope disables it. */
  readonly canDisable: boolean
  /** Reasons why it must not be written now; a disable goes on nevertheless. */
  readonly held: boolean
  readonly attributes: AttributeSet
  /** Written when the object is created, ignored afterwards. */
  readonly onCreate: ReadonlySet<string>
}

export type CloudPresence =
  | { readonly state: 'none' }
  /** `applied`: what was last written or read. */
  | { readonly state: 'live'; readonly applied: AttributeSet }
  | { readonly state: 'deleted'; readonly applied: AttributeSet }

export interface AttributeChange {
  readonly attribute: string
  readonly before: AttributeValues
  readonly after: AttributeValues
}

export type Action =
  | { readonly kind: 'nothing'; readonly why: 'equal' | 'held' | 'neverExported' | 'kept' | 'policy' }
  | { readonly kind: 'create'; readonly changes: readonly AttributeChange[] }
  | { readonly kind: 'restore'; readonly changes: readonly AttributeChange[] }
  | { readonly kind: 'update'; readonly changes: readonly AttributeChange[] }
  | { readonly kind: 'disable'; readonly changes: readonly AttributeChange[] }
  | { readonly kind: 'delete' }

const equal = (a: AttributeValues, b: AttributeValues): boolean =>
  a.length === b.length && a.every((value, i) => value === b[i])

/** The attributes in which `after` differs from `before`; attributes that `after` does not name are left alone. */
export function delta(before: AttributeSet, after: AttributeSet, skip?: ReadonlySet<string>): AttributeChange[] {
  const changes: AttributeChange[] = []
  for (const attribute of Object.keys(after)) {
    const was = before[attribute] ?? []
    const is = after[attribute] ?? []
    if (!skip?.has(attribute) && !equal(was, is)) changes.push({ attribute, before: was, after: is })
  }
  return changes
}

const disables = (changes: readonly AttributeChange[]): AttributeChange | undefined =>
  changes.find((c) => c.attribute === 'accountEnabled' && c.after[0] === 'false')

/**
 *   desired            | in the cloud | action
 *   -------------------+--------------+------------------------------------------------------------
 *   yes                | none         | create (an object that is disabled is created disabled)
 *   yes                | live         | update with the delta; disable if the delta disables; nothing if equal
 *   yes                | deleted      | restore, then the delta
 *   yes, held          | none/deleted | nothing
 *   yes, held          | live         | disable if the delta disables, else nothing
 *   left scope, keep   | any          | nothing
 *   left scope, disable| none/deleted | nothing
 *   left scope, disable| live         | disable (users); delete once its time has come; nothing until then
 *   gone               | none/deleted | nothing
 *   gone               | live         | delete
 */
export function plan(desire: PlannedDesire, cloud: CloudPresence): Action {
  if (desire.gone || (desire.leftScope === 'disable' && desire.deleteDue)) {
    return cloud.state === 'live' ? { kind: 'delete' } : { kind: 'nothing', why: 'neverExported' }
  }
  if (desire.leftScope === 'keep') return { kind: 'nothing', why: 'kept' }
  if (desire.leftScope === 'disable') return leave(desire, cloud)
  if (desire.held) return held(desire, cloud)
  if (cloud.state === 'none') return { kind: 'create', changes: delta({}, desire.attributes) }
  const changes = delta(cloud.applied, desire.attributes, desire.onCreate)
  if (cloud.state === 'deleted') return { kind: 'restore', changes }
  if (changes.length === 0) return { kind: 'nothing', why: 'equal' }
  return { kind: disables(changes) ? 'disable' : 'update', changes }
}

function leave(desire: PlannedDesire, cloud: CloudPresence): Action {
  if (cloud.state !== 'live') return { kind: 'nothing', why: 'neverExported' }
  if (!desire.canDisable) return { kind: 'nothing', why: 'kept' }
  const changes = delta(cloud.applied, { accountEnabled: ['false'] })
  return changes.length > 0 ? { kind: 'disable', changes } : { kind: 'nothing', why: 'equal' }
}

function held(desire: PlannedDesire, cloud: CloudPresence): Action {
  if (cloud.state !== 'live') return { kind: 'nothing', why: 'held' }
  const disable = disables(delta(cloud.applied, desire.attributes))
  return disable ? { kind: 'disable', changes: [disable] } : { kind: 'nothing', why: 'held' }
}

/** What a target's mode lets through. A mode is a function on the plan. */
export const modes = {
  sync: (action: Action): Action => action,
  upsertOnly: (action: Action): Action => (action.kind === 'delete' ? { kind: 'nothing', why: 'policy' } : action),
  createOnly: (action: Action): Action =>
    action.kind === 'create' || action.kind === 'nothing' ? action : { kind: 'nothing', why: 'policy' },
  observe: (_action: Action): Action => ({ kind: 'nothing', why: 'policy' }),
} as const satisfies Record<string, (action: Action) => Action>

export type Mode = keyof typeof modes
