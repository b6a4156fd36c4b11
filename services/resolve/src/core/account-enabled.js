import { chosen } from './merge.js'
/**
 * | policy             | result                                                                      |
 * |--------------------|-----------------------------------------------------------------------------|
 * | disableWins        | false as soon as one account that counts says so                            |
 * | anyEnabled         | true as soon as one account that counts says so                             |
 * | authority:<forest> | what that forest says                                                       |
 *
 * Linked, shared and room mailbox accounts do not count. Undefined: the policy has nothing to say, precedence decides;
 * among accounts that count first, so that a disabled mailbox account never speaks for a person.
 */
export function accountEnabled(said, policy) {
  const present = said.filter(({ value }) => value.values.length > 0)
  const counted = present.filter(({ by }) => by.enabledCounts)
  const deciding = decide(counted, present, policy)
  return deciding ? chosen(deciding, said, reason(policy)) : undefined
}
function decide(counted, present, policy) {
  const saying = (text) => counted.find(({ value }) => value.values[0] === text)
  switch (policy.by) {
    case 'disableWins':
      return saying('false') ?? counted[0]
    case 'anyEnabled':
      return saying('true') ?? counted[0]
    case 'authority':
      return present.find(({ by }) => by.forest === policy.forest) ?? counted[0]
    default:
      return policy
  }
}
const reason = (policy) => (policy.by === 'authority' ? `authority:${policy.forest}` : policy.by)
//# sourceMappingURL=account-enabled.js.map
