/** Makes of one object of a forest what it says about its identity. */
import { claimsOf, dateFromGeneralizedTime, sourceAnchor, toTexts } from '@canopy/domain'
import type { change, contribution, record } from '@canopy/proto'
import { computed } from './computed.ts'
import type { Configured } from './configured.ts'
import { derive } from './derived.ts'
import { type Chance, inputsOf, nextMove } from './inputs.ts'
import { type Reader, reader } from './reader.ts'
import { type KindRules, rulesOf, runRule, type ValueRule } from './rules.ts'
import { type Bound, judge, type Verdict } from './scope.ts'

type Contribution = contribution.Contribution
type Attributes = { [target: string]: contribution.MappedValue }

const scopes = { in: 'SCOPE_IN', out: 'SCOPE_OUT', unknown: 'SCOPE_UNKNOWN' } as const

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
  /** What random values are drawn from; without it a rule that asks for one fails. */
  readonly chance?: Chance | undefined
}): Made | undefined {
  const { object, config, now, chance } = of
  if (!config.forests.has(object.forest)) return undefined
  const rules = rulesOf(config, object)
  if (object.gone || !rules) return { contribution: { ...blank(object, config, now), gone: true }, onlyIfKnown: true }
  const read = reader(object)
  const scope = config.scopes.get(object.forest)
  const rule = scope?.rule
  const verdict = judge({ object, read: read.readOrMark, scope, bound: of.bound })
  const base = blank(object, config, now)
  base.scope = scopes[verdict.scope]
  base.scopeReason = verdict.reason
  base.onLeave = rule?.onLeave || 'disable'
  base.skipDisabled = rule !== undefined && !rule.createDisabled
  base.deleteAfterSeconds = rule?.deleteAfterSeconds || defaultDeleteAfterSecs
  base.sourceAnchor = anchorOf(object, read)
  base.createdAt = dateFromGeneralizedTime(toTexts(read.readOrMark('whencreated'))[0] ?? '')
  if (verdict.scope !== 'out') {
    map({ object, rules, read, into: base, verdict, now, chance })
    derive({ object, config, read, into: base, now })
    base.claims = claimsOf(base.attributes)
  }
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
  readonly now: Date
  readonly chance: Chance | undefined
}): void {
  const { object, rules, into, now } = of
  const notes: string[] = []
  into.admittingGroups = [...of.verdict.admittingGroups]
  into.excludingGroups = [...of.verdict.excludingGroups]
  into.attributes = mapped(of, notes)
  into.changesAt = nextMove(rules.moves, now)
  for (const rule of rules.references) {
    const guid = referenceOf(object, rule.source)
    if (guid) into.references[rule.target] = guid
  }
  if (notes.length > 0) into.steps.at(-1)!.note = notes.join('; ').slice(0, 500)
}

/** A rule that fails leaves its attribute out, so that what is written already stays, and says so. */
function mapped(of: Mapping & { readonly rules: KindRules }, notes: string[]): Attributes {
  const attributes: Attributes = { ...of.rules.absent }
  for (const rule of of.rules.values) {
    try {
      const value = mapOne(of, rule)
      if (value) {
        if (value !== rule.absent) attributes[rule.target] = value
      } else if (rule.absent) delete attributes[rule.target]
    } catch (error) {
      if (rule.absent) delete attributes[rule.target]
      notes.push(`${rule.name}: ${error instanceof Error ? error.message : 'failed'}`)
    }
  }
  return attributes
}

interface Mapping {
  readonly object: change.DirectoryObject
  readonly read: Reader
  readonly now: Date
  readonly chance: Chance | undefined
}

/** Undefined: the attribute is left alone. What is absent has no sources: its rule says what was read. */
function mapOne(of: Mapping, rule: ValueRule): contribution.MappedValue | undefined {
  const { object, now, chance } = of
  const { read } = of.read
  const made = rule.computed ? computed(rule.computed, read, object) : undefined
  const inputs = rule.asksInputs ? inputsOf({ rule, object, now, chance }) : undefined
  const values = rule.isNone ? [] : (made?.values ?? runRule(rule, read, inputs))
  if (values === undefined) return undefined
  const isAbsent = values.length === 0
  const isDefault = isAbsent && rule.defaultValues.length > 0
  if (isAbsent && !isDefault) return rule.absent
  return {
    values: isDefault ? [...rule.defaultValues] : values,
    rule: rule.name,
    sources: isAbsent ? [] : rule.sources,
    onCreate: rule.onCreate || isDefault,
    onTooLong: rule.onTooLong,
    basis: made?.basis ?? '',
  }
}

function referenceOf(object: change.DirectoryObject, source: string): string | undefined {
  for (const name in object.references) if (name.toLowerCase() === source) return object.references[name]
  return undefined
}

/** What a configuration changes is seen when it is applied, however old the object is. */
function sourceOf({ source }: change.DirectoryObject, appliedAt: Date | undefined): change.DirectoryObject['source'] {
  if (!source?.observedAt || !appliedAt || source.observedAt >= appliedAt) return source
  return { ...source, observedAt: appliedAt }
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
    source: sourceOf(object, config.appliedAt),
    steps: steps(object, now),
    dn: object.dn,
    claims: [],
    onLeave: '',
    deleteAfterSeconds: 0,
    enabledCounts: false,
    holds: [],
    recipientClass: '',
    changesAt: undefined,
    excludingGroups: [],
    skipDisabled: false,
  }
}

const steps = (object: change.DirectoryObject, now: Date): record.Step[] => [
  { stage: 'import', at: object.source?.observedAt, version: object.version, note: object.source?.server ?? '' },
  { stage: 'map', at: now, version: 0n, note: '' },
]
