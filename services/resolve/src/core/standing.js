/**
 * | members not gone               | before                | standing |
 * |--------------------------------|-----------------------|----------|
 * | one is in                      | –                     | live     |
 * | none in, one unknown           | never desired, held   | held     |
 * | none in, one unknown           | live, left            | kept     |
 * | none in, one unknown           | gone                  | held     |
 * | all out                        | live, held, left      | left     |
 * | all out                        | never, gone           | as it was |
 * | none                           | live, held, left      | gone     |
 * | none                           | never, gone           | as it was |
 *
 * Members come in order of precedence. Where one is in, those that are unknown go on saying what they say: nothing is
 * done about them.
 */
export function standing(members, before) {
  const there = members.filter((member) => !member.gone)
  const known = there.filter((member) => member.scope !== 'SCOPE_OUT')
  if (known.some((member) => member.scope === 'SCOPE_IN')) return { kind: 'live', contributors: known }
  if (known.length > 0) {
    return before === 'live' || before === 'left' ? { kind: 'kept' } : { kind: 'held', contributors: known }
  }
  if (before === 'never') return { kind: 'never' }
  if (before === 'gone') return { kind: 'kept' }
  const [leaving] = there
  return leaving ? { kind: 'left', leaving } : { kind: 'gone' }
}
//# sourceMappingURL=standing.js.map
