/** Merges what the objects of one identity say: per attribute the first value by precedence, with where it comes from. */
import { precedenceOf } from '@canopy/domain'
import { accountEnabled } from './account-enabled.js'
/** Contributors come in the configuration's order of forests; equal values of others are no losers. */
export function merge(contributors, rules) {
  const attributes = {}
  if (contributors.length === 1) {
    const [only] = contributors
    for (const name in only.attributes) attributes[name] = chosen({ by: only, value: only.attributes[name] }, [], '')
  } else {
    for (const [name, said] of byAttribute(contributors)) {
      attributes[name] =
        (name === 'accountEnabled' ? accountEnabled(said, rules.accountEnabled) : undefined) ??
        firstPresent(name, said, rules)
    }
  }
  return { attributes, references: references(contributors, rules) }
}
function byAttribute(contributors) {
  const all = new Map()
  for (const by of contributors) {
    for (const name in by.attributes) {
      const said = { by, value: by.attributes[name] }
      const known = all.get(name)
      if (known) known.push(said)
      else all.set(name, [said])
    }
  }
  return all
}
const byPrecedence = (attribute, rules) => (a, b) =>
  precedenceOf(rules.order, attribute, a.by.forest) - precedenceOf(rules.order, attribute, b.by.forest)
function firstPresent(attribute, said, rules) {
  const sorted = [...said].sort(byPrecedence(attribute, rules))
  const winner = sorted.find(({ value }) => value.values.length > 0) ?? sorted[0]
  return chosen(winner, sorted, 'precedence')
}
/** The winner's value; everyone else's other value is a loser. */
export function chosen(winner, all, reason) {
  const losers = []
  for (const one of all) {
    if (one === winner || one.value.values.length === 0 || isEqual(one.value.values, winner.value.values)) continue
    losers.push({ values: one.value.values, provenance: provenance(one), reason })
  }
  const { values, onCreate } = winner.value
  return { values, provenance: provenance(winner), losers, onCreate }
}
const isEqual = (a, b) => a.length === b.length && a.every((value, n) => value === b[n])
/** Versions are stamped on what is published: a newer version that says the same is no difference. */
const provenance = ({ by, value }) => ({
  forest: by.forest,
  guid: by.guid,
  rule: value.rule,
  sources: value.sources,
  contributionVersion: 0n,
  configurationVersion: 0n,
})
/** Puts the versions of the contributions that say the values now into their provenance. */
export function stampVersions(attributes, contributions) {
  const stamp = (of) => {
    const by = of && contributions.find((one) => one.guid === of.guid && one.forest === of.forest)
    if (!of || !by) return
    of.contributionVersion = by.version
    of.configurationVersion = by.configurationVersion
  }
  for (const name in attributes) {
    const { provenance: from, losers } = attributes[name]
    stamp(from)
    for (const loser of losers) stamp(loser.provenance)
  }
}
function references(contributors, rules) {
  const found = new Map()
  for (const by of contributors) {
    for (const attribute in by.references) {
      const candidate = { by, forest: by.forest, guid: by.references[attribute] }
      const known = found.get(attribute)
      if (!known || byPrecedence(attribute, rules)(candidate, known) < 0) found.set(attribute, candidate)
    }
  }
  return found
}
//# sourceMappingURL=merge.js.map
