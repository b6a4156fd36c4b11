/** Whether a person with several accounts may sign in. */
import type { desired } from '@canopy/proto'
import { chosen, type Said } from './merge.ts'
import type { AccountPolicy } from './rules.ts'

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
export function accountEnabled(said: readonly Said[], policy: AccountPolicy): desired.DesiredValue | undefined {
  const present = said.filter(({ value }) => value.values.length > 0)
  const counted = present.filter(({ by }) => by.enabledCounts)
  const deciding = decide(counted, present, policy)
  return deciding ? chosen(deciding, said, reason(policy)) : undefined
}

function decide(counted: readonly Said[], present: readonly Said[], policy: AccountPolicy): Said | undefined {
  const saying = (text: string): Said | undefined => counted.find(({ value }) => value.values[0] === text)
  switch (policy.by) {
    case 'disableWins':
      return saying('false') ?? counted[0]
    case 'anyEnabled':
      return saying('true') ?? counted[0]
    case 'authority':
      return present.find(({ by }) => by.forest === policy.forest) ?? counted[0]
    default:
      return policy satisfies never
  }
}

const reason = (policy: AccountPolicy): string => (policy.by === 'authority' ? `authority:${policy.forest}` : policy.by)
