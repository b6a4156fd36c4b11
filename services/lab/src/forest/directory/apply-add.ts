/** Adds one entry: class and name checks, unique account names, defaults of users and groups, links. */
import { parseDn, rdnKey } from './dn.ts'
import type { Entry, Value } from './entry.ts'
import { LdapFailure, resultCode } from './failure.ts'
import { connect } from './links.ts'
import type { Operation } from './operation.ts'
import { parsePhantom, phantomFor } from './phantom.ts'
import { type AttributeType, attribute, findAttribute, findClass, type ObjectClass } from './schema.ts'
import type { Store } from './store.ts'
import { acceptValues } from './values.ts'

const accountName = attribute('sAMAccountName')
const accountType = attribute('sAMAccountType')
const principalName = attribute('userPrincipalName')
const groupType = attribute('groupType')
const never = '9223372036854775807'

interface Place {
  readonly parent: Entry
  readonly rdnType: string
  readonly rdnValue: string
}

export function applyAdd(store: Store, operation: Operation & { readonly op: 'add' }): Entry {
  const place = findPlace(store, operation.dn)
  const objectClass = chooseClass(operation.attributes, place)
  const plain: [AttributeType, readonly Value[]][] = []
  const links: [AttributeType, readonly Entry[]][] = []
  for (const [name, values] of Object.entries(operation.attributes)) {
    const type = writableAttribute(name)
    if (type === undefined || type.key === place.rdnType.toLowerCase()) continue
    if (type.link === 'forward') links.push([type, values.map((value) => linkTarget(store, value))])
    else plain.push([type, acceptValues(type, values)])
  }
  checkAccountNames(store, plain)
  const entry = store.insert({
    guid: operation.guid,
    parent: place.parent,
    rdnType: place.rdnType,
    rdnValue: place.rdnValue,
    objectClass,
    usn: ++store.usn,
    atMs: operation.atMs,
  })
  if (operation.sid !== undefined) entry.foreignSid = operation.sid
  else if (objectClass.principal) entry.rid = operation.rid ?? store.nextRid++
  for (const [type, values] of plain) entry.put(type, values)
  addDefaults(entry)
  for (const [type, targets] of links) {
    for (const target of new Set(targets)) connect({ type, holder: entry, target, usn: entry.usnCreated })
  }
  store.index(entry)
  return entry
}

function findPlace(store: Store, dn: string): Place {
  const [rdn] = parseDn(dn) ?? []
  if (rdn === undefined) throw new LdapFailure(resultCode.invalidDnSyntax, '0000208F: NameErr: problem 2006 (BAD_NAME)')
  const parent = store.find(parentDn(dn))
  if (parent === undefined || parent.deleted) {
    throw new LdapFailure(resultCode.noSuchObject, '0000208D: NameErr: DSID-03100238, problem 2001 (NO_OBJECT)')
  }
  if (parent.children?.has(rdnKey(rdn.type, rdn.value)) === true) {
    throw new LdapFailure(resultCode.entryAlreadyExists, '00002071: UpdErr: DSID-031B0F03, problem 6005 (ENTRY_EXISTS)')
  }
  return { parent, rdnType: rdn.type, rdnValue: rdn.value }
}

/** The part of a DN after its first unescaped comma. */
export function parentDn(dn: string): string {
  let quoted = false
  for (let i = 0; i < dn.length; i++) {
    if (dn[i] === '\\') i++
    else if (dn[i] === '"') quoted = !quoted
    else if (dn[i] === ',' && !quoted) return dn.slice(i + 1)
  }
  return ''
}

function chooseClass(attributes: Readonly<Record<string, readonly Value[]>>, place: Place): ObjectClass {
  const named =
    attributes.objectClass ??
    Object.entries(attributes).find(([name]) => name.toLowerCase() === 'objectclass')?.[1] ??
    []
  let chosen: ObjectClass | undefined
  for (const name of named) {
    const found = findClass(String(name))
    if (found !== undefined && (chosen === undefined || found.chain.length > chosen.chain.length)) chosen = found
    if (found === undefined && !/^(top|person|organizationalPerson|domain|applicationSettings)$/i.test(String(name))) {
      throw new LdapFailure(resultCode.noSuchAttribute, '00000057: LdapErr: DSID-0C090D8A, unknown object class')
    }
  }
  if (chosen === undefined) {
    throw new LdapFailure(
      resultCode.objectClassViolation,
      '0000207B: UpdErr: DSID-030F0AFA, problem 6002 (OBJ_CLASS_VIOLATION)',
    )
  }
  if (chosen.rdn !== place.rdnType) {
    throw new LdapFailure(
      resultCode.namingViolation,
      '00002099: NameErr: DSID-03050F42, problem 2005 (NAMING_VIOLATION)',
    )
  }
  return chosen
}

/** The attribute of that name where a client may write it; undefined for the computed ones of an add. */
export function writableAttribute(name: string): AttributeType | undefined {
  const type = findAttribute(name)
  if (type === undefined) {
    throw new LdapFailure(resultCode.noSuchAttribute, `00000057: LdapErr: DSID-0C090D8A, comment: no attribute ${name}`)
  }
  if (type.key === 'objectclass' || type.key === 'objectcategory') return undefined
  if (type.link === 'back') {
    throw new LdapFailure(resultCode.unwillingToPerform, `0000209A: SvcErr: DSID-031A1021, ${type.name} is a back link`)
  }
  if (type.system) {
    throw new LdapFailure(
      resultCode.constraintViolation,
      `0000207D: AtrErr: DSID-03152392, ${type.name} is owned by the system`,
    )
  }
  return type
}

/** The entry that a link value names; throws 32 when there is none. */
export function linkTarget(store: Store, value: Value): Entry {
  const phantom = parsePhantom(String(value))
  if (phantom !== undefined && !store.byGuid.has(phantom.guid)) return phantomFor(store, phantom)
  const target = store.find(String(value))
  if (target === undefined || target.deleted) {
    throw new LdapFailure(
      resultCode.noSuchObject,
      '00002030: NameErr: DSID-0310020A, problem 2001 (NO_OBJECT), link target',
    )
  }
  return target
}

/** Account names are unique in a domain, principal names in a forest. */
export function checkAccountNames(
  store: Store,
  plain: readonly (readonly [AttributeType, readonly Value[]])[],
  self?: Entry,
): void {
  for (const [type, values] of plain) {
    const name = String(values[0] ?? '').toLowerCase()
    const account = type === accountName ? store.accounts.get(name) : undefined
    if (account !== undefined && account !== self) {
      throw new LdapFailure(
        resultCode.entryAlreadyExists,
        '00000524: UpdErr: DSID-031A11E2, problem 6005 (ENTRY_EXISTS)',
      )
    }
    const principal = type === principalName ? store.principals.get(name) : undefined
    if (principal !== undefined && principal !== self) {
      throw new LdapFailure(
        resultCode.constraintViolation,
        '000021C8: AtrErr: DSID-03200BBA, problem 1005 (CONSTRAINT_ATT_TYPE), userPrincipalName',
      )
    }
  }
}

function addDefaults(entry: Entry): void {
  const fill = (name: string, value: string): void => {
    const type = attribute(name)
    if (entry.first(type) === undefined) entry.put(type, [value])
  }
  const { chain, principal } = entry.objectClass
  if (!principal) return
  fill('sAMAccountName', `$${entry.rid.toString(16).toUpperCase().padStart(6, '0')}-${entry.guid.slice(0, 12)}`)
  if (chain.includes('group')) fill('groupType', '-2147483646')
  else {
    const computer = chain.includes('computer')
    fill('userAccountControl', computer ? '4096' : '512')
    fill('primaryGroupID', computer ? '515' : '513')
    fill('accountExpires', never)
    fill('pwdLastSet', '0')
    fill('countryCode', '0')
    fill('codePage', '0')
  }
  entry.put(accountType, [accountTypeOf(entry)])
}

/** The `sAMAccountType` that belongs to class and group type. */
export function accountTypeOf(entry: Entry): string {
  if (!entry.objectClass.chain.includes('group')) {
    return entry.objectClass.chain.includes('computer') ? '805306369' : '805306368'
  }
  const bits = Number(entry.first(groupType) ?? 0)
  const base = (bits & 4) === 0 ? 0x10000000 : 0x20000000
  return String(bits < 0 ? base : base + 1)
}
