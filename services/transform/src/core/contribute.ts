/** Makes of one object of a forest what it says about its identity. */
import { claimsOf, dateFromGeneralizedTime, sourceAnchor } from '@canopy/domain'
import type { change, contribution, record } from '@canopy/proto'
import type { Configured } from './configured.ts'
import { toNumber, toTexts } from './expression/value.ts'
import { type Reader, reader } from './reader.ts'
import { type KindRules, runRule } from './rules.ts'
import { type Bound, judge, type Verdict } from './scope.ts'

type Contribution = contribution.Contribution
type Attributes = { [target: string]: contribution.MappedValue }

const scopes = { in: 'SCOPE_IN', out: 'SCOPE_OUT', unknown: 'SCOPE_UNKNOWN' } as const

/** msExchRecipientTypeDetails of linked, shared, legacy, room, equipment mailboxes, on premises and remote. */
const mailboxOfOthers: ReadonlySet<number> = new Set([2, 4, 16, 32, 2 ** 33, 2 ** 34, 2 ** 35])

/** Longest delay that ends up in a contribution where a scope says nothing: 30 days. */
const defaultDeleteAfterSecs = 30 * 86_400

export interface Made {
  /** Version, and the version in its last step, are still 0. */
  readonly contribution: Contribution
  /** Nothing is published for an object that never had a contribution. */
  readonly onlyIfKnown: boolean
}

/** Undefined: the object is of a forest that the configuration does not have, so it stays as it is. */
export function contribute(of: {
  readonly object: change.DirectoryObject
  readonly config: Configured
  readonly bound: Bound
  readonly now: Date
}): Made | undefined {
  const { object, config, now } = of
  if (!config.forests.has(object.forest)) return undefined
  const rules = config.kinds.get(object.kind)
  if (object.gone || !rules) return { contribution: { ...blank(object, config, now), gone: true }, onlyIfKnown: true }
  const read = reader(object)
  const rule = config.scopes.get(object.forest)
  const verdict = judge({ object, read: read.readOrMark, rule, bound: of.bound })
  const base = blank(object, config, now)
  base.scope = scopes[verdict.scope]
  base.scopeReason = verdict.reason
  base.onLeave = rule?.onLeave || 'disable'
  base.deleteAfterSeconds = rule?.deleteAfterSeconds || defaultDeleteAfterSecs
  base.sourceAnchor = anchorOf(object, read)
  base.createdAt = dateFromGeneralizedTime(toTexts(read.readOrMark('whencreated'))[0] ?? '')
  if (verdict.scope !== 'out') map({ object, rules, read, into: base, verdict })
  return { contribution: base, onlyIfKnown: verdict.scope === 'out' }
}

const anchorOf = (object: change.DirectoryObject, read: Reader): string =>
  sourceAnchor({
    consistencyGuid: object.kind === 'user' ? read.bytes('ms-ds-consistencyguid') : undefined,
    guid: object.guid,
  })

function map(of: {
  readonly object: change.DirectoryObject
  readonly rules: KindRules
  readonly read: Reader
  readonly into: Contribution
  readonly verdict: Verdict
}): void {
  const { object, rules, read, into } = of
  const notes: string[] = []
  into.admittingGroups = [...of.verdict.admittingGroups]
  into.attributes = mapped(rules, read, notes)
  for (const rule of rules.references) {
    const guid = referenceOf(object, rule.source)
    if (guid) into.references[rule.target] = guid
  }
  into.claims = claimsOf(into.attributes)
  into.enabledCounts =
    object.kind === 'user' && !mailboxOfOthers.has(toNumber(read.readOrMark('msexchrecipienttypedetails')) ?? 0)
  if (notes.length > 0) into.steps.at(-1)!.note = notes.join('; ').slice(0, 500)
}

/** A rule that fails leaves its attribute out, so that what is written already stays, and says so. */
function mapped(rules: KindRules, read: Reader, notes: string[]): Attributes {
  const attributes: Attributes = {}
  for (const rule of rules.values) {
    try {
      const values = rule.isNone ? [] : runRule(rule, read.read)
      const isDefault = values.length === 0 && rule.defaultValues.length > 0
      if (rule.isNone && !isDefault) continue
      attributes[rule.target] = {
        values: isDefault ? [...rule.defaultValues] : values,
        rule: rule.name,
        sources: rule.sources,
        onCreate: rule.onCreate || isDefault,
      }
    } catch (error) {
      notes.push(`${rule.name}: ${error instanceof Error ? error.message : 'failed'}`)
    }
  }
  return attributes
}

function referenceOf(object: change.DirectoryObject, source: string): string | undefined {
  for (const name in object.references) if (name.toLowerCase() === source) return object.references[name]
  return undefined
}

function blank(object: change.DirectoryObject, config: Configured, now: Date): Contribution {
  return {
    forest: object.forest,
    guid: object.guid,
    version: 0n,
    gone: false,
    kind: object.kind,
    sid: object.sid,
    sourceAnchor: '',
    attributes: {},
    references: {},
    scope: 'SCOPE_UNSPECIFIED',
    scopeReason: '',
    admittingGroups: [],
    createdAt: undefined,
    sourceVersion: object.version,
    configurationVersion: config.version,
    source: object.source,
    steps: steps(object, now),
    dn: object.dn,
    claims: [],
    onLeave: '',
    deleteAfterSeconds: 0,
    enabledCounts: false,
  }
}

const steps = (object: change.DirectoryObject, now: Date): record.Step[] => [
  { stage: 'import', at: object.source?.observedAt, version: object.version, note: object.source?.server ?? '' },
  { stage: 'map', at: now, version: 0n, note: '' },
]
