/** Simple binds by DN, principal name or NETBIOS\name, refused in AD's words. */
import { netbiosOf } from '../directory/base-tree.ts'
import type { Entry } from '../directory/entry.ts'
import { LdapFailure, resultCode } from '../directory/failure.ts'
import { attribute } from '../directory/schema.ts'
import type { Session } from './session.ts'

const accountControl = attribute('userAccountControl')
const disabled = 2

export function bind(session: Session, name: string, password: string | undefined): void {
  const { binds } = session.context
  try {
    authenticate(session, name, password)
    binds.accepted++
  } catch (error) {
    binds.refused++
    throw error
  }
}

function authenticate(session: Session, name: string, password: string | undefined): void {
  session.account = undefined
  if (password === undefined) {
    throw new LdapFailure(
      resultCode.authMethodNotSupported,
      '00002027: LdapErr: DSID-0C090595, comment: Invalid Authentication method, data 0, v4563',
    )
  }
  if (password === '') return
  const account = findAccount(session, name)
  if (account === undefined || account.deleted || !session.context.directory.checkPassword(account, password))
    throw refused('52e')
  const { bindRefusal } = session.context.faults
  if (bindRefusal !== undefined) throw refused(bindRefusal)
  if ((Number(account.first(accountControl) ?? 0) & disabled) !== 0) throw refused('533')
  session.account = account
}

function refused(data: string): LdapFailure {
  return new LdapFailure(
    resultCode.invalidCredentials,
    `80090308: LdapErr: DSID-0C090439, comment: AcceptSecurityContext error, data ${data}, v4563`,
  )
}

function findAccount(session: Session, name: string): Entry | undefined {
  const { store, name: forest } = session.context.directory
  const slash = name.indexOf('\\')
  if (slash > 0 && !name.includes('=')) {
    if (name.slice(0, slash).toUpperCase() !== netbiosOf(forest)) return undefined
    return store.accounts.get(name.slice(slash + 1).toLowerCase())
  }
  const principal = store.principals.get(name.toLowerCase())
  if (principal !== undefined) return principal
  const at = name.lastIndexOf('@')
  if (at > 0 && name.slice(at + 1).toLowerCase() === forest.toLowerCase())
    return store.accounts.get(name.slice(0, at).toLowerCase())
  try {
    return store.find(name)
  } catch {
    return undefined
  }
}

/** The answer to "Who am I?". */
export function authorizationId(session: Session): string {
  if (session.account === undefined) return ''
  return `u:${netbiosOf(session.context.directory.name)}\\${String(session.account.first(attribute('sAMAccountName')) ?? '')}`
}
