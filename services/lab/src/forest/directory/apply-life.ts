/** Renames, moves, deletes and restores entries as AD does: the GUID stays, the deleted go to Deleted Objects. */
import { accountTypeOf, checkAccountNames } from './apply-add.ts'
import { rdnKey } from './dn.ts'
import type { Entry } from './entry.ts'
import { LdapFailure, resultCode } from './failure.ts'
import { sleepLinks, wakeLinks } from './links.ts'
import type { Operation } from './operation.ts'
import { attribute } from './schema.ts'
import type { Store } from './store.ts'

const name = attribute('name')
const isDeleted = attribute('isDeleted')
const isRecycled = attribute('isRecycled')
const lastKnownParent = attribute('lastKnownParent')
const lastKnownRdn = attribute('msDS-LastKnownRDN')
const objectCategory = attribute('objectCategory')
const accountType = attribute('sAMAccountType')
const keptOnTombstones = new Set(
  ['sAMAccountName', 'userAccountControl', 'groupType', 'msDS-LastKnownRDN', 'isDeleted'].map(attribute),
)

/** False when the entry has that name and place already. */
export function applyRename(store: Store, entry: Entry, operation: Operation & { readonly op: 'rename' }): boolean {
  const parent = placeFor(store, entry, operation)
  if (entry.parent === parent && entry.rdnValue === operation.rdnValue) return false
  for (let at: Entry | undefined = parent; at !== undefined; at = at.parent) {
    if (at === entry) {
      throw new LdapFailure(resultCode.unwillingToPerform, '000020B0: SvcErr: DSID-03190EE8, an object under itself')
    }
  }
  store.relocate(entry, { parent, rdnValue: operation.rdnValue })
  settle(store, entry, { atMs: operation.atMs, types: [name] })
  return true
}

function placeFor(store: Store, entry: Entry, to: { readonly parent: string; readonly rdnValue: string }): Entry {
  const parent = store.byGuid.get(to.parent)
  if (parent === undefined || parent.deleted) {
    throw new LdapFailure(resultCode.noSuchObject, '0000208D: NameErr: DSID-03100238, problem 2001 (NO_OBJECT)')
  }
  const sibling = parent.children?.get(rdnKey(entry.rdnType, to.rdnValue))
  if (sibling !== undefined && sibling !== entry) {
    throw new LdapFailure(resultCode.entryAlreadyExists, '00002071: UpdErr: DSID-031B0F03, problem 6005 (ENTRY_EXISTS)')
  }
  return parent
}

function settle(store: Store, entry: Entry, o: { atMs: number; types: readonly (typeof name)[] }): void {
  const usn = ++store.usn
  for (const type of o.types) entry.touch(type, usn)
  entry.usnChanged = usn
  entry.changedMs = o.atMs
  store.note(entry)
}

export interface Removal {
  readonly atMs: number
  readonly deletedObjects: Entry
  /** With the recycle bin a deleted entry keeps its attributes and links until it is restored. */
  readonly recycleBin: boolean
}

export function applyRemove(store: Store, entry: Entry, removal: Removal): void {
  if ((entry.children?.size ?? 0) > 0) {
    throw new LdapFailure(
      resultCode.notAllowedOnNonLeaf,
      '00002015: UpdErr: DSID-031B0E5B, problem 6003 (CANT_ON_NON_LEAF)',
    )
  }
  if (entry.parent === undefined || entry.deleted) {
    throw new LdapFailure(resultCode.unwillingToPerform, '00002077: SvcErr: DSID-03190D47, it cannot be deleted')
  }
  store.unindex(entry)
  entry.lastParent = entry.parent.guid
  entry.put(lastKnownRdn, [entry.rdnValue])
  entry.put(isDeleted, ['TRUE'])
  entry.put(accountType, [])
  entry.deleted = true
  const types = [name, isDeleted, lastKnownParent, lastKnownRdn, objectCategory, accountType]
  sleepLinks(entry, removal.recycleBin)
  if (!removal.recycleBin) {
    for (const type of entry.shape.types) {
      if (keptOnTombstones.has(type) || entry.first(type) === undefined) continue
      entry.put(type, [])
      types.push(type)
    }
    entry.put(isRecycled, ['TRUE'])
    types.push(isRecycled)
  }
  store.relocate(entry, { parent: removal.deletedObjects, rdnValue: `${entry.rdnValue}\nDEL:${entry.guid}` })
  settle(store, entry, { atMs: removal.atMs, types })
}

export function applyRestore(store: Store, entry: Entry, operation: Operation & { readonly op: 'restore' }): void {
  if (!entry.deleted) {
    throw new LdapFailure(resultCode.unwillingToPerform, '00002077: SvcErr: DSID-03190D47, it is not deleted')
  }
  const parent = placeFor(store, entry, operation)
  checkAccountNames(
    store,
    entry.shape.types.map((type) => [type, entry.stored(type)] as const),
    entry,
  )
  store.relocate(entry, { parent, rdnValue: operation.rdnValue })
  entry.deleted = false
  entry.put(isDeleted, [])
  entry.put(isRecycled, [])
  if (entry.objectClass.principal) entry.put(accountType, [accountTypeOf(entry)])
  store.index(entry)
  wakeLinks(entry)
  settle(store, entry, { atMs: operation.atMs, types: [name, isDeleted, isRecycled, objectCategory, accountType] })
}
