/** Whether a person with several accounts may sign in. */
import type { desired } from '@canopy/proto'
import { type Said } from './merge.ts'
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
export declare function accountEnabled(said: readonly Said[], policy: AccountPolicy): desired.DesiredValue | undefined
