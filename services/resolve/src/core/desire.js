export function desire(wish) {
  const { standing } = wish
  switch (standing.kind) {
    case 'live':
    case 'held':
      return { state: standing.kind, desired: present(wish) }
    case 'kept':
      return { state: wish.before?.state ?? 'never', desired: undefined }
    case 'left':
      return { state: 'left', desired: left(wish, standing.leaving) }
    case 'gone':
      return { state: 'gone', desired: { ...blank(wish), gone: true, members: [] } }
    case 'never':
      return { state: 'never', desired: undefined }
    default:
      return standing
  }
}
function present(wish) {
  const object = blank(wish)
  object.attributes = { ...wish.merged?.attributes }
  object.references = { ...wish.references }
  object.holds = holds(wish)
  object.sourceDisabled = object.attributes.accountEnabled?.values[0] === 'false'
  return object
}
/** Says nothing of values, so that none is touched. The day of its deletion stays the one it was. */
function left(wish, leaving) {
  const was = wish.before?.desired()
  const since = leaving.source?.observedAt
  const deleteAt = since && new Date(since.getTime() + leaving.deleteAfterSeconds * 1000)
  const object = blank(wish)
  object.leftScope = true
  object.onLeave = leaving.onLeave
  object.deleteAt = was?.leftScope ? was.deleteAt : leaving.onLeave === 'keep' ? undefined : deleteAt
  return object
}
function holds(wish) {
  const found = []
  if (wish.standing.kind === 'held') {
    const message =
      wish.standing.contributors.find((one) => one.scopeReason)?.scopeReason ?? 'its scope is not known yet'
    found.push({ reason: 'scopeUnknown', attribute: '', anchor: '', message })
  }
  if (wish.sourceAnchorHolder !== undefined) {
    const message = 'another object of the same forest has the same source anchor'
    found.push({ reason: 'conflict', attribute: 'sourceAnchor', anchor: wish.sourceAnchorHolder, message })
  }
  for (const { effect, attribute, holder } of wish.lost) {
    if (effect !== 'hold') continue
    const message = 'another identity has the value already'
    found.push({ reason: 'conflict', attribute, anchor: holder, message })
  }
  return found
}
function blank(wish) {
  return {
    anchor: wish.anchor,
    version: 0n,
    gone: false,
    mergedInto: '',
    kind: wish.kind,
    attributes: {},
    references: {},
    holds: [],
    leftScope: false,
    onLeave: '',
    deleteAt: undefined,
    incarnation: incarnation(wish),
    sourceAnchor: wish.sourceAnchor,
    members: wish.members.filter((one) => !one.gone).map((one) => `${one.forest}/${one.guid}`),
    steps: [],
    observedAt: undefined,
    sourceDisabled: false,
  }
}
/** Raised when a live group goes: what belonged to the older one is void. */
function incarnation({ before, kind, standing }) {
  if (!before) return 1n
  const goes = before.state === 'live' && (standing.kind === 'left' || standing.kind === 'gone')
  return goes && kind === 'group' ? before.incarnation + 1n : before.incarnation
}
/** Steps of the newest of its objects, and when that was observed. */
export function newestOf(members) {
  let newest
  for (const member of members) if (!newest || seenMs(member) > seenMs(newest)) newest = member
  return { observedAt: newest?.source?.observedAt, steps: newest?.steps ?? [] }
}
const seenMs = (of) => of.source?.observedAt?.getTime() ?? 0
//# sourceMappingURL=desire.js.map
