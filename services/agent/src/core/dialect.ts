/** What there is to know of each way a directory tells its changes, and of each kind of directory, as data. */

export type Dialect = 'dirsync' | 'usn' | 'syncrepl'

/** `plain`: an LDAP directory without Active Directory's own names, such as OpenLDAP. */
export type DirectoryKind = 'activeDirectory' | 'plain'

export interface DialectFacts {
  readonly directory: DirectoryKind
  /** Request control that the server must offer; undefined: every server of that kind can. */
  readonly control: string | undefined
  /** Whether a reader learns of deletions without a right of its own. */
  readonly tellsDeletions: boolean
  /** What ends the wait for the next change: the feed itself, or a change-notification search beside it. */
  readonly wakes: 'feed' | 'notification'
}

export const dialects: Readonly<Record<Dialect, DialectFacts>> = {
  dirsync: {
    directory: 'activeDirectory',
    control: '1.2.840.113556.1.4.841',
    tellsDeletions: false,
    wakes: 'notification',
  },
  usn: { directory: 'activeDirectory', control: undefined, tellsDeletions: false, wakes: 'notification' },
  syncrepl: { directory: 'plain', control: '1.3.6.1.4.1.4203.1.9.1.1', tellsDeletions: true, wakes: 'feed' },
}

/** Which object attributes say what a directory object is. All names in lower case. */
export interface DirectoryFacts {
  /** Identity: 16 bytes of Active Directory's order, or text. */
  readonly guid: 'objectGUID' | 'entryUUID'
  /** Asked for besides what mappings read. */
  readonly needed: readonly string[]
  /** Attributes that list members. */
  readonly members: readonly string[]
  /** Single links: empty or plain names too. */
  readonly references: readonly string[]
  readonly groupClasses: readonly string[]
  /** Attributes a person may be asked for by. */
  readonly accountNames: readonly string[]
}

export const directories: Readonly<Record<DirectoryKind, DirectoryFacts>> = {
  activeDirectory: {
    guid: 'objectGUID',
    needed: ['objectGUID', 'objectClass', 'objectSid', 'name', 'parentGUID', 'isDeleted', 'member'],
    members: ['member'],
    references: ['manager', 'managedby', 'secretary', 'assistant'],
    groupClasses: ['group'],
    accountNames: ['userPrincipalName', 'mail', 'sAMAccountName'],
  },
  plain: {
    guid: 'entryUUID',
    needed: ['entryUUID', 'objectClass', 'cn', 'uid', 'member', 'uniqueMember'],
    members: ['member', 'uniquemember'],
    references: ['manager', 'secretary', 'owner'],
    groupClasses: ['groupofnames', 'groupofuniquenames', 'groupofmembers'],
    accountNames: ['uid', 'mail', 'cn'],
  },
}

const isDialect = (name: string): name is Dialect => Object.hasOwn(dialects, name)

/**
 * The dialect to begin with. Auto: what the position was written by, else DirSync, else what the server offers; from
 * DirSync the reading falls back to `usn` when the account may not.
 */
export function chooseDialect(of: {
  readonly asked: string
  readonly kept: Dialect | undefined
  readonly kind: DirectoryKind
}): Dialect {
  if (isDialect(of.asked)) return of.asked
  if (of.kept !== undefined && dialects[of.kept].directory === of.kind) return of.kept
  return of.kind === 'plain' ? 'syncrepl' : 'dirsync'
}

/** An Active Directory says so by DirSync or by naming its settings; what it is not, and offers syncrepl, is plain. */
export function directoryKind(of: {
  readonly dsServiceName: string
  readonly controls: readonly string[]
}): DirectoryKind {
  const offers = (dialect: Dialect): boolean => of.controls.includes(dialects[dialect].control ?? '')
  return of.dsServiceName === '' && !offers('dirsync') && offers('syncrepl') ? 'plain' : 'activeDirectory'
}
