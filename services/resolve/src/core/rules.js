const authority = 'authority:'
export function rulesOf(from) {
  const awaited = from.forests.filter(
    (forest) => !forest.optional && (forest.state === 'active' || forest.state === ''),
  )
  return {
    name: from.name,
    version: from.version,
    order: {
      forests: from.forests.map((forest) => forest.name),
      attributes: new Map(from.precedence.map((rule) => [rule.attribute, rule.order])),
    },
    accountEnabled: accountPolicy(from.accountEnabled),
    conflicts: new Map([
      ['userPrincipalName', 'hold'],
      ['proxyAddresses', 'dropValue'],
      ...Object.entries(from.conflicts).map(([attribute, effect]) => [attribute, effectOf(effect)]),
    ]),
    awaited: new Map(awaited.map((forest) => [forest.name, Math.max(1, forest.domains.length)])),
  }
}
const effectOf = (text) => (text === 'dropValue' ? 'dropValue' : 'hold')
function accountPolicy(text) {
  if (text === 'anyEnabled') return { by: 'anyEnabled' }
  if (text.startsWith(authority)) return { by: 'authority', forest: text.slice(authority.length) }
  return { by: 'disableWins' }
}
//# sourceMappingURL=rules.js.map
