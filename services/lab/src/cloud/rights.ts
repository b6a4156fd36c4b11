/** Which application permission allows which operation; the first of each list is the least one. */
import { denied } from './failure.ts'
import type { Caller } from './request.ts'

const table = {
  readUsers: ['User.Read.All', 'User.ReadWrite.All', 'Directory.Read.All', 'Directory.ReadWrite.All'],
  writeUsers: ['User.ReadWrite.All', 'Directory.ReadWrite.All'],
  enableUsers: ['User.EnableDisableAccount.All', 'User.ReadWrite.All', 'Directory.ReadWrite.All'],
  setPasswords: ['User-PasswordProfile.ReadWrite.All', 'Directory.ReadWrite.All'],
  revokeSessions: ['User.RevokeSessions.All', 'User.ReadWrite.All', 'Directory.ReadWrite.All'],
  restoreUsers: ['User.DeleteRestore.All', 'User.ReadWrite.All', 'Directory.ReadWrite.All'],
  readGroups: [
    'GroupMember.Read.All',
    'Group.Read.All',
    'GroupMember.ReadWrite.All',
    'Group.ReadWrite.All',
    'Directory.Read.All',
    'Directory.ReadWrite.All',
  ],
  createGroups: ['Group.Create', 'Group.ReadWrite.All', 'Directory.ReadWrite.All'],
  writeGroups: ['Group.ReadWrite.All', 'Directory.ReadWrite.All'],
  writeMembers: ['GroupMember.ReadWrite.All', 'Group.ReadWrite.All', 'Directory.ReadWrite.All'],
  writeRoleGroups: ['RoleManagement.ReadWrite.Directory'],
  readContacts: ['OrgContact.Read.All', 'Directory.Read.All', 'Directory.ReadWrite.All'],
  readOrganization: ['Organization.Read.All', 'User.Read.All', 'Directory.Read.All', 'Directory.ReadWrite.All'],
  readDomains: ['Domain.Read.All', 'Directory.Read.All', 'Directory.ReadWrite.All'],
  switchUserAuthority: ['User-OnPremisesSyncBehavior.ReadWrite.All'],
  switchGroupAuthority: ['Group-OnPremisesSyncBehavior.ReadWrite.All'],
  switchContactAuthority: ['Contacts-OnPremisesSyncBehavior.ReadWrite.All'],
  manageExchange: ['Exchange.ManageAsApp'],
} as const satisfies Record<string, readonly string[]>

export type Right = keyof typeof table

/** The least set of application permissions a directory writer needs. */
export const leastRoles: readonly string[] = [
  'User.ReadWrite.All',
  'Group.ReadWrite.All',
  'OrgContact.Read.All',
  'Organization.Read.All',
  'Domain.Read.All',
  'Exchange.ManageAsApp',
]

export const holds = (caller: Caller, right: Right): boolean =>
  caller.person || table[right].some((role) => caller.roles.has(role))

/** Throws the 403 a caller without the right is told. */
export function demand(caller: Caller, right: Right): void {
  if (!holds(caller, right)) throw denied()
}
