/** One identity side by side: what the forests say, what the mapping makes of it, what was resolved, what the cloud has. */
import { attributeText } from '@canopy/domain'
import type { capture, change, contribution, desired, resolve, write } from '@canopy/proto'

export interface Comparison {
  readonly anchor: string
  readonly kind: string
  readonly display: string
  readonly sources: readonly SourceObject[]
  readonly rows: readonly ComparedAttribute[]
  readonly holds: readonly desired.Hold[]
  readonly conflicts: readonly string[]
  readonly leftScope: boolean
  readonly gone: boolean
  /** Undefined: write does not know it, or does not answer. */
  readonly cloud:
    | Pick<write.CloudObject, 'target' | 'cloudId' | 'state' | 'message' | 'members' | 'journal'>
    | undefined
}

export interface SourceObject {
  readonly forest: string
  readonly guid: string
  readonly dn: string
  readonly gone: boolean
  readonly scope: 'in' | 'out' | 'unknown'
  readonly scopeReason: string
}

export interface ComparedAttribute {
  readonly attribute: string
  readonly forests: readonly ComparedForest[]
  /** Undefined: nothing is wanted, which leaves the cloud's value alone. */
  readonly resolved: readonly string[] | undefined
  readonly cloud: readonly string[] | undefined
  /** Forest whose value won, and the rule that made it. */
  readonly from: string
  readonly rule: string
  /** The cloud is not as resolved, and is meant to be. */
  readonly differs: boolean
  /** The forests do not agree. */
  readonly contested: boolean
}

export interface ComparedForest {
  readonly forest: string
  /** Source attributes the rule read. */
  readonly source: Readonly<Record<string, readonly string[]>>
  readonly mapped: readonly string[]
}

export interface Parts {
  readonly identity: resolve.Identity
  readonly objects: readonly change.DirectoryObject[]
  readonly cloud: write.CloudObject | undefined
}

export function compare({ identity, objects, cloud }: Parts): Comparison {
  const wanted = identity.desired
  const { contributions } = identity
  const names = new Set([
    ...contributions.flatMap((each) => Object.keys(each.attributes)),
    ...Object.keys(wanted?.attributes ?? {}),
    ...Object.keys(cloud?.attributes ?? {}),
  ])
  return {
    anchor: wanted?.anchor ?? '',
    kind: wanted?.kind ?? contributions[0]?.kind ?? '',
    display: wanted?.attributes.displayName?.values[0] ?? objects[0]?.name ?? '',
    sources: contributions.map((each) => sourceOf(each, objectOf(each, objects))),
    rows: [...names].sort().map((name) => row(name, { identity, objects, cloud })),
    holds: wanted?.holds ?? [],
    conflicts: identity.conflicts,
    leftScope: wanted?.leftScope ?? false,
    gone: wanted?.gone ?? false,
    cloud: cloud && {
      target: cloud.target,
      cloudId: cloud.cloudId,
      state: cloud.state,
      message: cloud.message,
      members: cloud.members,
      journal: cloud.journal,
    },
  }
}

const objectOf = (
  of: contribution.Contribution,
  objects: readonly change.DirectoryObject[],
): change.DirectoryObject | undefined => objects.find(({ forest, guid }) => forest === of.forest && guid === of.guid)

const sourceOf = (of: contribution.Contribution, object: change.DirectoryObject | undefined): SourceObject => ({
  forest: of.forest,
  guid: of.guid,
  dn: object?.dn || of.dn,
  gone: of.gone,
  scope: of.scope === 'SCOPE_IN' ? 'in' : of.scope === 'SCOPE_OUT' ? 'out' : 'unknown',
  scopeReason: of.scopeReason,
})

function row(name: string, { identity, objects, cloud }: Parts): ComparedAttribute {
  const wanted = identity.desired?.attributes[name]
  const forests = identity.contributions.flatMap((each): ComparedForest[] => {
    const value = each.attributes[name]
    if (!value) return []
    const object = objectOf(each, objects)
    const source = Object.fromEntries(value.sources.map((attribute) => [attribute, sourceValues(object, attribute)]))
    return [{ forest: each.forest, source, mapped: value.values }]
  })
  const actual = cloudValues(cloud?.attributes[name])
  // Not compared: what is written once at creation, what is not there yet, and what the target does not take.
  const there = cloud !== undefined && cloud.cloudId !== ''
  const untaken = cloud?.state === 'done' && actual === undefined
  const compared = wanted !== undefined && !wanted.onCreate && there && !untaken
  return {
    attribute: name,
    forests,
    resolved: wanted?.values,
    cloud: actual,
    from: wanted?.provenance?.forest ?? '',
    rule: wanted?.provenance?.rule ?? '',
    differs: compared && !sameValues(wanted.values, actual ?? []),
    contested: forests.some((each) => !sameValues(each.mapped, forests[0]?.mapped ?? [])),
  }
}

/** As the forest has it; names are compared without regard to case. */
function sourceValues(object: change.DirectoryObject | undefined, attribute: string): readonly string[] {
  const lower = attribute.toLowerCase()
  const name = Object.keys(object?.attributes ?? {}).find((each) => each.toLowerCase() === lower)
  const values: capture.FindObjectsResponse['objects'][number]['attributes'][string] | undefined =
    name === undefined ? undefined : object?.attributes[name]
  return (values?.values ?? []).map((bytes) => attributeText(lower, bytes))
}

/** JSON of one text or of several. */
function cloudValues(json: string | undefined): readonly string[] | undefined {
  if (json === undefined) return undefined
  const value: unknown = JSON.parse(json)
  if (value === null) return []
  return (Array.isArray(value) ? value : [value]).map(String)
}

const sameValues = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.toSorted().join('\0') === b.toSorted().join('\0')
