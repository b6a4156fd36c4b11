/** What follows from the mapped values and is no rule of its own: recipient class, holds, principal name, expiry. */
import {
  canonicalProxyAddresses,
  dateFromFiletime,
  isMailboxOfOthers,
  isMailGroup,
  principalName,
  type RecipientClass,
  recipientClass,
  toNumber,
  toTexts,
} from '@canopy/domain'
import type { change, contribution } from '@canopy/proto'
import type { Configured } from './configured.ts'
import type { Reader } from './reader.ts'

type Contribution = contribution.Contribution

export interface Derivation {
  readonly object: change.DirectoryObject
  readonly config: Configured
  readonly read: Reader
  readonly into: Contribution
  readonly now: Date
}

export function derive(of: Derivation): void {
  const { into, object, read } = of
  const first = (name: string): string | undefined => toTexts(read.readOrMark(name))[0]
  const addresses = into.attributes.proxyAddresses
  if (addresses && addresses.values.length > 0) addresses.values = canonicalProxyAddresses(addresses.values)
  const found = recipientClass({
    kind: object.kind,
    details: toNumber(first('msexchrecipienttypedetails')),
    hasMailbox: first('homemdb') !== undefined || first('msexchhomeservername') !== undefined,
    targetAddress: first('targetaddress'),
    mail: object.kind === 'group' ? first('mail') : undefined,
    proxyAddresses: object.kind === 'group' ? toTexts(read.readOrMark('proxyaddresses')) : [],
    groupType: toNumber(first('grouptype')),
  })
  into.recipientClass = found
  into.enabledCounts = object.kind === 'user' && !isMailboxOfOthers(found)
  holdRecipient(of, found, first('msexchhidefromaddresslists')?.toUpperCase() === 'TRUE')
  if (object.kind !== 'user') return
  settlePrincipalName(of)
  if (of.config.expires) expire(of)
}

/** Why a class is held; one that is not here is carried whatever the policy says. */
const reasons: Readonly<Partial<Record<RecipientClass, string>>> = {
  onPremisesMailbox: 'its mailbox is in the forest, and a licence in the cloud would give it a second one',
  linked: 'the account of a linked mailbox stands for its owner in another forest',
  shared: 'it is a shared mailbox, which no target carries',
  room: 'it is the mailbox of a room, which no target carries',
  equipment: 'it is the mailbox of equipment, which no target carries',
}

function holdRecipient({ into, config }: Derivation, found: RecipientClass, isHidden: boolean): void {
  const hold = (policy: string, message: string): void => {
    const text = `${message} (mappings.recipients.${policy})`
    into.holds.push({ reason: policy, attribute: '', message: text })
  }
  const holds = (policy: string): boolean => config.recipients.get(policy) === 'hold'
  const reason = reasons[found]
  if (reason !== undefined && holds(found)) hold(found, reason)
  if (isMailGroup(found) && holds('mailEnabledGroup')) {
    hold('mailEnabledGroup', 'only Exchange can create a group with mail, and no target does that')
  }
  if (isHidden && holds('hidden')) hold('hidden', 'it is hidden from address lists, and no target can hide it')
}

function settlePrincipalName({ into, config }: Derivation): void {
  const value = into.attributes.userPrincipalName
  const [name] = value?.values ?? []
  if (!value || name === undefined) return
  const mailNickname = into.attributes.mailNickname?.values[0]
  const settled = principalName({ name, mailNickname, domains: config.domains, policy: config.suffix })
  switch (settled.is) {
    case 'kept':
      return
    case 'made':
      value.values = [settled.name]
      value.basis = settled.basis
      return
    case 'held':
      into.holds.push({ reason: settled.reason, attribute: 'userPrincipalName', message: settled.message })
      return
    default:
      settled satisfies never
  }
}

/** Nothing changes in the directory when an account expires: what is said of it changes by itself at that time. */
function expire({ into, read, now }: Derivation): void {
  const enabled = into.attributes.accountEnabled
  if (enabled?.values[0] !== 'true') return
  const at = dateFromFiletime(toTexts(read.readOrMark('accountexpires'))[0] ?? '')
  if (at === undefined) return
  enabled.sources = [...enabled.sources, 'accountExpires']
  if (at <= now) enabled.values = ['false']
  else if (!into.changesAt || at < into.changesAt) into.changesAt = at
}
