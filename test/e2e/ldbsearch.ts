/** A forest as its own database tells it: ldbsearch, the domain controller's tool, past LDAP and past everything of ours. */
import type { Entry } from 'ldapts'
import type { SambaForest } from '../servers/samba/samba.ts'
import { attributes, type ForestPicture, guidText } from './compare.ts'

const asked = [...attributes, 'objectSid']

/** What a forest would have in the cloud; built-in accounts are left out. */
export async function pictureOf(
  forest: SambaForest,
  inScope: (dn: string) => boolean = () => true,
): Promise<ForestPicture & { readonly bySid: ReadonlyMap<string, string> }> {
  const filter = '(|(&(objectClass=user)(!(objectClass=computer)))(objectClass=group)(objectClass=contact))'
  const text = await forest.run('ldbsearch', ['-b', forest.baseDn, '-s', 'sub', filter, ...asked])
  const picture = {
    users: new Map<string, Entry>(),
    groups: new Map<string, Entry>(),
    contacts: new Map<string, Entry>(),
    byDn: new Map<string, string>(),
    bySid: new Map<string, string>(),
  }
  for (const record of parseLdif(text)) {
    if (record.isCriticalSystemObject?.[0] === 'TRUE' || record.sAMAccountName?.[0]?.toLowerCase() === 'krbtgt')
      continue
    const entry = entryOf(record)
    if (record.objectSid?.[0]) picture.bySid.set(record.objectSid[0], entry.dn)
    if (!inScope(entry.dn)) continue
    const guid = guidText(entry.objectGUID as Buffer)
    const classes = record.objectClass ?? []
    const kind = classes.includes('group')
      ? picture.groups
      : classes.includes('contact')
        ? picture.contacts
        : picture.users
    kind.set(guid, entry)
    picture.byDn.set(entry.dn.toLowerCase(), guid)
  }
  return picture
}

/** Members that stand for somebody of another forest are named by that person's own DN there. */
export function followForeign(
  of: ForestPicture,
  others: readonly { readonly bySid: ReadonlyMap<string, string> }[],
): void {
  for (const group of of.groups.values()) {
    if (group.member === undefined) continue
    group.member = ([] as string[]).concat(group.member as string[]).map((dn) => {
      const sid = /^CN=(S-1-[\d-]+),CN=ForeignSecurityPrincipals,/i.exec(dn)?.[1]
      return (sid && others.map((other) => other.bySid.get(sid)).find(Boolean)) || dn
    })
  }
}

type Attributes = Record<string, string[] | undefined>

/** Lines are unfolded; `::` values are base64 and stay bytes in the one attribute that is not text. */
function* parseLdif(text: string): Generator<Attributes> {
  for (const block of text.replaceAll(/\r?\n /g, '').split(/\n\n+/)) {
    const attributes: Attributes = {}
    for (const line of block.split('\n')) {
      const match = /^([A-Za-z][\w-]*)(::?) (.*)$/.exec(line)
      if (!match) continue
      const [, name = '', colon, value = ''] = match
      const list = attributes[name] ?? []
      attributes[name] = list
      list.push(colon === '::' ? Buffer.from(value, 'base64').toString(name === binary ? 'latin1' : 'utf8') : value)
    }
    if (attributes.dn && attributes.objectGUID) yield attributes
  }
}

const binary = 'mS-DS-ConsistencyGuid'

function entryOf(attributes: Attributes): Entry {
  const entry: Entry = { dn: attributes.dn?.[0] ?? '' }
  for (const [name, values] of Object.entries(attributes)) {
    if (name !== 'dn' && values) entry[name] = values.length === 1 ? (values[0] as string) : values
  }
  entry.objectGUID = bytesOfGuid(attributes.objectGUID?.[0] ?? '')
  const consistency = attributes[binary]?.[0]
  if (consistency) entry[binary] = Buffer.from(consistency, 'latin1')
  return entry
}

function bytesOfGuid(text: string): Buffer {
  const hex = text.replaceAll('-', '')
  const bytes = Buffer.from(hex, 'hex')
  return Buffer.from([3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15].map((i) => bytes[i] ?? 0))
}
