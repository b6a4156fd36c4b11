/** The recipient class: what an object is to mail, from the attributes that Exchange writes into the directory. */

export type RecipientClass =
  | 'none'
  | 'onPremisesMailbox'
  | 'remoteMailbox'
  | 'linked'
  | 'shared'
  | 'room'
  | 'equipment'
  | 'mailUser'
  | 'contact'
  | 'securityGroup'
  | 'distributionGroup'
  | 'mailEnabledSecurityGroup'
  | 'dynamicGroup'

export interface RecipientFacts {
  readonly kind: string
  /** msExchRecipientTypeDetails. */
  readonly details: number | undefined
  /** homeMDB or msExchHomeServerName is there: a mailbox of the forest, even where the details are not. */
  readonly hasMailbox: boolean
  readonly targetAddress: string | undefined
  readonly mail: string | undefined
  readonly proxyAddresses: readonly string[]
  readonly groupType: number | undefined
}

/** One bit each (source: the Exchange schema's RecipientTypeDetails); remote ones have their mailbox in the cloud. */
const byDetails: ReadonlyMap<number, RecipientClass> = new Map([
  [1, 'onPremisesMailbox'],
  [2, 'linked'],
  [4, 'shared'],
  [8, 'onPremisesMailbox'],
  [16, 'room'],
  [32, 'equipment'],
  [64, 'contact'],
  [128, 'mailUser'],
  [256, 'distributionGroup'],
  [512, 'distributionGroup'],
  [1024, 'mailEnabledSecurityGroup'],
  [2048, 'dynamicGroup'],
  [32_768, 'contact'],
  [2 ** 31, 'remoteMailbox'],
  [2 ** 33, 'room'],
  [2 ** 34, 'equipment'],
  [2 ** 35, 'shared'],
])

const securityBit = 0x8000_0000

/**
 * | kind    | facts                                        | class                                        |
 * |---------|----------------------------------------------|----------------------------------------------|
 * | any     | details name a class                         | that one                                     |
 * | user    | a mailbox of the forest                      | onPremisesMailbox                            |
 * | user    | a target address                             | mailUser                                     |
 * | contact | –                                            | contact                                      |
 * | group   | mail, security bit                           | mailEnabledSecurityGroup                     |
 * | group   | mail                                         | distributionGroup                            |
 * | group   | –                                            | securityGroup                                |
 */
export function recipientClass(facts: RecipientFacts): RecipientClass {
  const known = facts.details === undefined ? undefined : byDetails.get(facts.details)
  if (known !== undefined) return known
  switch (facts.kind) {
    case 'user':
      if (facts.hasMailbox) return 'onPremisesMailbox'
      return facts.targetAddress ? 'mailUser' : 'none'
    case 'contact':
      return 'contact'
    case 'group':
      if (!isMailEnabled(facts)) return 'securityGroup'
      return ((facts.groupType ?? 0) & securityBit) === 0 ? 'distributionGroup' : 'mailEnabledSecurityGroup'
    default:
      return 'none'
  }
}

/** An SMTP address among the proxy addresses, primary or not, or a mail address (source: the article on users and contacts). */
export const isMailEnabled = (of: Pick<RecipientFacts, 'mail' | 'proxyAddresses'>): boolean =>
  of.proxyAddresses.some((address) => /^smtp:[^@]*@/i.test(address)) || (of.mail ?? '').includes('@')

/** Accounts that stand for a mailbox and not for a person who signs in. */
export const isMailboxOfOthers = (of: RecipientClass): boolean =>
  of === 'linked' || of === 'shared' || of === 'room' || of === 'equipment'

/** Classes with mail that only Exchange can create. */
export const isMailGroup = (of: RecipientClass): boolean =>
  of === 'distributionGroup' || of === 'mailEnabledSecurityGroup' || of === 'dynamicGroup'
