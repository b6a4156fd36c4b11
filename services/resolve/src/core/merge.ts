/** Merges what the objects of one identity say: per attribute the first value by precedence, with where it comes from. */
import { precedenceOf } from '@canopy/domain'
import type { contribution, desired } from '@canopy/proto'
import { accountEnabled } from './account-enabled.ts'
import type { Rules } from './rules.ts'

type Contribution = contribution.Contribution

export interface Merged {
  readonly attributes: { [attribute: string]: desired.DesiredValue }
  /** Attribute → the object it refers to. */
  readonly references: ReadonlyMap<string, { readonly forest: string; readonly guid: string }>
}

/** One object's value of one attribute. */
export interface Said {
  readonly by: Contribution
  readonly value: contribution.MappedValue
}

/** Contributors come in the configuration's order of forests; equal values of others are no losers. */
export function merge(contributors: readonly Contribution[], rules: Rules): Merged {
  const attributes: Merged['attributes'] = {}
  if (contributors.length === 1) {
    const [only] = contributors
    for (const name in only!.attributes)
      attributes[name] = chosen({ by: only!, value: only!.attributes[name]! }, [], '')
  } else {
    for (const [name, said] of byAttribute(contributors)) {
      attributes[name] =
        (name === 'accountEnabled' ? accountEnabled(said, rules.accountEnabled) : undefined) ??
        firstPresent(name, said, rules)
    }
  }
  return { attributes, references: references(contributors, rules) }
}

function byAttribute(contributors: readonly Contribution[]): Map<string, Said[]> {
  const all = new Map<string, Said[]>()
  for (const by of contributors) {
    for (const name in by.attributes) {
      const said = { by, value: by.attributes[name]! }
      const known = all.get(name)
      if (known) known.push(said)
      else all.set(name, [said])
    }
  }
  return all
}

const byPrecedence = (attribute: string, rules: Rules) => (a: { by: Contribution }, b: { by: Contribution }) =>
  precedenceOf(rules.order, attribute, a.by.forest) - precedenceOf(rules.order, attribute, b.by.forest)

function firstPresent(attribute: string, said: readonly Said[], rules: Rules): desired.DesiredValue {
  const sorted = [...said].sort(byPrecedence(attribute, rules))
  const winner = sorted.find(({ value }) => value.values.length > 0) ?? sorted[0]!
  return chosen(winner, sorted, 'precedence')
}

/** The winner's value; everyone else's other value is a loser. */
export function chosen(winner: Said, all: readonly Said[], reason: string): desired.DesiredValue {
  const losers: desired.LosingValue[] = []
  for (const one of all) {
    if (one === winner || one.value.values.length === 0 || isEqual(one.value.values, winner.value.values)) continue
    losers.push({ values: one.value.values, provenance: provenance(one), reason })
  }
  const { values, onCreate, onTooLong, basis } = winner.value
  return { values, provenance: provenance(winner), losers, onCreate, onTooLong, basis }
}

const isEqual = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((value, n) => value === b[n])

/** Versions are stamped on what is published: a newer version that says the same is no difference. */
const provenance = ({ by, value }: Said): desired.Provenance => ({
  forest: by.forest,
  guid: by.guid,
  rule: value.rule,
  sources: value.sources,
  contributionVersion: 0n,
  configurationVersion: 0n,
})

/** The same values, as they are compared: without what `stampVersions` puts in. */
export function withoutVersions(attributes: Merged['attributes']): Merged['attributes'] {
  const bare = (of: desired.Provenance | undefined) =>
    of && { ...of, contributionVersion: 0n, configurationVersion: 0n }
  const found: Merged['attributes'] = {}
  for (const [name, value] of Object.entries(attributes)) {
    const losers = value.losers.map((loser) => ({ ...loser, provenance: bare(loser.provenance) }))
    found[name] = { ...value, provenance: bare(value.provenance), losers }
  }
  return found
}

/** Puts the versions of the contributions that say the values now into their provenance. */
export function stampVersions(attributes: Merged['attributes'], contributions: readonly Contribution[]): void {
  const stamp = (of: desired.Provenance | undefined): void => {
    const by = of && contributions.find((one) => one.guid === of.guid && one.forest === of.forest)
    if (!of || !by) return
    of.contributionVersion = by.version
    of.configurationVersion = by.configurationVersion
  }
  for (const name in attributes) {
    const { provenance: from, losers } = attributes[name]!
    stamp(from)
    for (const loser of losers) stamp(loser.provenance)
  }
}

function references(contributors: readonly Contribution[], rules: Rules): Merged['references'] {
  const found = new Map<string, { by: Contribution; forest: string; guid: string }>()
  for (const by of contributors) {
    for (const attribute in by.references) {
      const candidate = { by, forest: by.forest, guid: by.references[attribute]! }
      const known = found.get(attribute)
      if (!known || byPrecedence(attribute, rules)(candidate, known) < 0) found.set(attribute, candidate)
    }
  }
  return found
}
