/** Changes an entry's attributes and links, all of them or none, and knows a write that changes nothing. */
import { accountTypeOf, checkAccountNames, linkTarget, writableAttribute } from './apply-add.ts'
import type { Entry, Value } from './entry.ts'
import { LdapFailure, resultCode } from './failure.ts'
import { connect, disconnect } from './links.ts'
import type { Change, Operation } from './operation.ts'
import { type AttributeType, attribute, findClass, type ObjectClass } from './schema.ts'
import type { Store } from './store.ts'
import { acceptValues, sameValues, valueKey } from './values.ts'

interface StagedLinks {
  readonly add: Set<Entry>
  readonly drop: Set<Entry>
}

interface Stage {
  readonly store: Store
  readonly entry: Entry
  readonly permissive: boolean
  readonly plain: Map<AttributeType, readonly Value[]>
  readonly links: Map<AttributeType, StagedLinks>
  objectClass: ObjectClass
}

const groupType = attribute('groupType')
const accountType = attribute('sAMAccountType')

/** False when every value was there already. */
export function applyModify(store: Store, entry: Entry, operation: Operation & { readonly op: 'modify' }): boolean {
  const permissive = operation.permissive ?? false
  const stage: Stage = { store, entry, permissive, plain: new Map(), links: new Map(), objectClass: entry.objectClass }
  for (const change of operation.changes) stageChange(stage, change)
  const plain = [...stage.plain].filter(([type, values]) => !sameValues(values, entry.stored(type)))
  checkAccountNames(store, plain, entry)
  const links = [...stage.links].filter(([, staged]) => staged.add.size + staged.drop.size > 0)
  const sameClass = stage.objectClass === entry.objectClass
  if (plain.length + links.length === 0 && sameClass) return false
  const usn = ++store.usn
  if (!sameClass) {
    entry.objectClass = stage.objectClass
    entry.touch(classAttribute, usn)
  }
  store.unindex(entry)
  for (const [type, values] of plain) {
    entry.put(type, values)
    entry.touch(type, usn)
  }
  if (stage.plain.has(groupType)) {
    entry.put(accountType, [accountTypeOf(entry)])
    entry.touch(accountType, usn)
  }
  for (const [type, staged] of links) {
    for (const target of staged.drop) disconnect({ type, holder: entry, target, usn })
    for (const target of staged.add) connect({ type, holder: entry, target, usn })
  }
  store.index(entry)
  entry.usnChanged = usn
  entry.changedMs = operation.atMs
  store.note(entry)
  return true
}

const classAttribute = attribute('objectClass')

/** A user becomes an inetOrgPerson or stops being one; AD lets no other structural class change. */
function stageClass(stage: Stage, change: Change): void {
  const named = change.values.some((value) => String(value).toLowerCase() === 'inetorgperson')
  const { name } = stage.entry.objectClass
  const from = change.kind === 'delete' ? 'inetOrgPerson' : 'user'
  const to = findClass(from === 'user' ? 'inetOrgPerson' : 'user')
  if (change.kind === 'replace' || !named || name !== from || to === undefined) {
    throw new LdapFailure(resultCode.objectClassViolation, '00002145: UpdErr: DSID-031B1018, the object class is fixed')
  }
  stage.objectClass = to
}

function stageChange(stage: Stage, change: Change): void {
  if (change.type.toLowerCase() === classAttribute.key) {
    stageClass(stage, change)
    return
  }
  const type = writableAttribute(change.type)
  if (type === undefined) {
    throw new LdapFailure(resultCode.objectClassViolation, '00002145: UpdErr: DSID-031B1018, the category is fixed')
  }
  if (type.key === stage.entry.rdnType.toLowerCase()) {
    throw new LdapFailure(resultCode.notAllowedOnRdn, '000020B1: UpdErr: DSID-030F12DF, problem 6004 (CANT_ON_RDN)')
  }
  if (type.link === 'forward') stageLinks(stage, type, change)
  else stagePlain(stage, type, change)
}

function stagePlain(stage: Stage, type: AttributeType, change: Change): void {
  const current = stage.plain.get(type) ?? stage.entry.stored(type)
  const given = acceptValues(type, change.values)
  const keys = new Set(given.map((value) => valueKey(type, value)))
  switch (change.kind) {
    case 'replace':
      stage.plain.set(type, given)
      return
    case 'add': {
      const held = new Set(current.map((value) => valueKey(type, value)))
      const fresh = given.filter((value) => !held.has(valueKey(type, value)))
      const single = !type.multi && current.length > 0
      if (fresh.length < given.length && !stage.permissive) throw exists(type)
      if (single && fresh.length > 0) throw exists(type)
      stage.plain.set(type, [...current, ...fresh])
      return
    }
    case 'delete': {
      const rest = given.length === 0 ? [] : current.filter((value) => !keys.has(valueKey(type, value)))
      const missing = given.length === 0 ? current.length === 0 : current.length - rest.length < keys.size
      if (missing && !stage.permissive) throw absent(type)
      stage.plain.set(type, rest)
      return
    }
  }
}

function stageLinks(stage: Stage, type: AttributeType, change: Change): void {
  const present = stage.entry.links?.get(type)?.present
  let staged = stage.links.get(type)
  if (staged === undefined) {
    staged = { add: new Set(), drop: new Set() }
    stage.links.set(type, staged)
  }
  const { add, drop } = staged
  const holds = (target: Entry): boolean => add.has(target) || (present?.has(target) === true && !drop.has(target))
  const put = (target: Entry): void => {
    if (!drop.delete(target)) add.add(target)
  }
  const take = (target: Entry): void => {
    if (!add.delete(target)) drop.add(target)
  }
  const everyHeld = (): Entry[] => [...(present?.keys() ?? []), ...add].filter(holds)
  const given = new Set(change.values.map((value) => linkTarget(stage.store, value)))
  switch (change.kind) {
    case 'add':
      for (const target of given) {
        if (!holds(target)) put(target)
        else if (!stage.permissive) throw alreadyMember(type)
      }
      break
    case 'delete':
      if (change.values.length === 0) {
        if (everyHeld().length === 0 && !stage.permissive) throw absent(type)
        for (const target of everyHeld()) take(target)
      }
      for (const target of given) {
        if (holds(target)) take(target)
        else if (!stage.permissive) throw notMember(type)
      }
      break
    case 'replace':
      for (const target of everyHeld()) if (!given.has(target)) take(target)
      for (const target of given) if (!holds(target)) put(target)
      break
  }
  if (!type.multi && everyHeld().length > 1) throw exists(type)
}

function exists(type: AttributeType): LdapFailure {
  return new LdapFailure(
    resultCode.attributeOrValueExists,
    `00002083: AtrErr: DSID-03151830, problem 1006 (ATT_OR_VALUE_EXISTS), ${type.name}`,
  )
}

function absent(type: AttributeType): LdapFailure {
  return new LdapFailure(
    resultCode.noSuchAttribute,
    `00002085: AtrErr: DSID-03151C0B, problem 1001 (NO_ATTRIBUTE_OR_VAL), ${type.name}`,
  )
}

function alreadyMember(type: AttributeType): LdapFailure {
  if (type.key !== 'member') return exists(type)
  return new LdapFailure(resultCode.entryAlreadyExists, '00000562: UpdErr: DSID-031A122A, problem 6005 (ENTRY_EXISTS)')
}

function notMember(type: AttributeType): LdapFailure {
  if (type.key !== 'member') return absent(type)
  return new LdapFailure(
    resultCode.unwillingToPerform,
    '00000561: SvcErr: DSID-031A11E5, problem 5003 (WILL_NOT_PERFORM)',
  )
}
