/** Who may sign in: every pair of accounts, whatever their mailboxes, in both orders. */
import { contribution } from '@canopy/proto'
import { describe, expect, it } from 'vitest'
import { accountEnabled } from './account-enabled.ts'
import type { Said } from './merge.ts'
import type { AccountPolicy } from './rules.ts'

/** What transform says of an account: linked, shared and room mailboxes do not count. */
const classes = { none: true, onPremisesMailbox: true, remoteMailbox: true, linked: false, shared: false, room: false }
type Class = keyof typeof classes
const kinds = Object.keys(classes) as Class[]

const said = (forest: string, enabled: boolean, recipientClass: Class): Said => ({
  by: contribution.Contribution.fromPartial({
    forest,
    guid: forest,
    recipientClass,
    enabledCounts: classes[recipientClass],
  }),
  value: contribution.MappedValue.fromPartial({ values: [String(enabled)] }),
})

const pairs = kinds.flatMap((a) =>
  kinds.flatMap((b) => [true, false].flatMap((x) => [true, false].map((y) => ({ a, b, x, y })))),
)

/** Undefined: nobody counts, so precedence decides. */
function expected(policy: AccountPolicy, { a, b, x, y }: (typeof pairs)[number]): boolean | undefined {
  const counted = [...(classes[a] ? [x] : []), ...(classes[b] ? [y] : [])]
  if (policy.by === 'authority') return x
  if (counted.length === 0) return undefined
  return policy.by === 'disableWins' ? counted.every(Boolean) : counted.some(Boolean)
}

describe.each([{ by: 'disableWins' }, { by: 'anyEnabled' }, { by: 'authority', forest: 'contoso' }] as const)(
  'under %j',
  (policy: AccountPolicy) => {
    it.each(pairs)('$a $x and $b $y', (pair) => {
      const both = [said('contoso', pair.x, pair.a), said('fabrikam', pair.y, pair.b)]
      const want = expected(policy, pair)
      for (const order of [both, both.toReversed()]) {
        expect(accountEnabled(order, policy)?.values[0]).toBe(want === undefined ? undefined : String(want))
      }
    })
  },
)
