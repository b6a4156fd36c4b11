/** Objects of the directory's own, which no rule can bring into scope: Entra Connect's and Cloud Sync's default filters. */
import { type Read, toTexts } from '@canopy/domain'
import type { change } from '@canopy/proto'

const systemNames: ReadonlySet<string> = new Set([
  'krbtgt',
  'guest',
  'defaultaccount',
  'wdagutilityaccount',
  'support_388945a0',
  'msol_ad_sync_richcoexistence',
])

const systemName = /^(?:krbtgt_\d|aad_|msol_|cas_.*\})/
/** In a replication victim's name a line feed stands before this mark. */
const replicationVictim = /[\n\0]CNF:/

/**
 * | bits of msExchRecipientTypeDetails | what                                                                              |
 * |------------------------------------|-----------------------------------------------------------------------------------|
 * | 0x21C07000                         | mail public folder, system attendant, mailbox database, universal security and    |
 * |                                    | other group, mailbox plan, discovery mailbox (users)                              |
 * | 0x40000000                         | role group (groups)                                                               |
 */
const exchangeBits: Readonly<Record<string, bigint>> = { user: 0x21c07000n, group: 0x40000000n }

/** What keeps the object out, in a word; undefined: nothing. */
export function systemObject(object: change.DirectoryObject, read: Read): string | undefined {
  const first = (name: string): string => toTexts(read(name))[0] ?? ''
  if (first('iscriticalsystemobject').toUpperCase() === 'TRUE') return 'critical system object'
  if (replicationVictim.test(object.name)) return 'replication conflict'
  const account = first('samaccountname').toLowerCase()
  if (systemNames.has(account) || systemName.test(account)) return 'system account'
  const nickname = first('mailnickname')
  if (nickname.startsWith('SystemMailbox{') || /^CAS_.*\}/i.test(nickname)) return 'system mailbox'
  const description = first('admindescription')
  if (description.startsWith(object.kind === 'group' ? 'Group_' : 'User_')) return 'kept out by adminDescription'
  const details = first('msexchrecipienttypedetails')
  const bits = /^\d{1,18}$/.test(details) ? BigInt(details) : 0n
  if ((bits & (exchangeBits[object.kind] ?? 0n)) !== 0n) return 'object of Exchange’s own'
  const isHidden = first('msexchhidefromaddresslists').toUpperCase() === 'TRUE'
  if (object.kind === 'contact' && isHidden && first('displayname').includes('(MSOL)')) return 'made by another sync'
  return undefined
}
