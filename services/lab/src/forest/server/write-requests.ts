/** Adds, modifications, renames and deletes over LDAP, for accounts that may write. */

import { parseDn } from '../directory/dn.ts'
import type { Value } from '../directory/entry.ts'
import { LdapFailure, resultCode } from '../directory/failure.ts'
import type { Change } from '../directory/operation.ts'
import { findAttribute } from '../directory/schema.ts'
import type { Controls } from './controls.ts'
import { notBound } from './refusals.ts'
import type { Request } from './request.ts'
import type { Session } from './session.ts'

type WriteRequest = Extract<Request, { readonly kind: 'add' | 'modify' | 'rename' | 'delete' }>

/** What AD gives a user that is added without one: normal, no password needed, disabled. */
const newUserControl = '546'

export function performWrite(session: Session, request: WriteRequest, controls: Controls): void {
  if (session.account === undefined) throw notBound()
  if (!session.rights.write) {
    throw new LdapFailure(
      resultCode.insufficientAccessRights,
      '00002098: SecErr: DSID-03150F94, problem 4003 (INSUFF_ACCESS_RIGHTS), data 0',
    )
  }
  const { directory } = session.context
  switch (request.kind) {
    case 'add': {
      const { unicodePwd, ...attributes } = textual(request.attributes)
      const classes = (attributes.objectClass ?? attributes.objectclass ?? []).map((each) => String(each).toLowerCase())
      const needsControl =
        classes.includes('user') && !Object.keys(attributes).some((each) => /^userAccountControl$/i.test(each))
      const added = directory.add(
        request.dn,
        needsControl ? { ...attributes, userAccountControl: newUserControl } : attributes,
      )
      if (unicodePwd?.[0] !== undefined) directory.setPassword(added.guid, readPassword(unicodePwd[0]))
      return
    }
    case 'modify':
      modify(session, request, controls)
      return
    case 'rename':
      if (parseDn(request.rdn)?.length !== 1) throw badName()
      directory.rename(request.dn, request.rdn, request.parent)
      return
    case 'delete':
      directory.remove(request.dn, { tree: controls.treeDelete })
      return
  }
}

function badName(): LdapFailure {
  return new LdapFailure(resultCode.invalidDnSyntax, '0000208F: NameErr: DSID-03100245, problem 2006 (BAD_NAME)')
}

function modify(session: Session, request: WriteRequest & { readonly kind: 'modify' }, controls: Controls): void {
  const { directory } = session.context
  const named = (name: string): Change | undefined =>
    request.changes.find((change) => change.type.toLowerCase() === name)
  const newName = named('distinguishedname')
  if (named('isdeleted')?.kind === 'delete' && newName !== undefined && controls.showDeleted) {
    directory.restore(request.dn, String(newName.values[0]))
    return
  }
  const entry = directory.get(request.dn)
  if (entry === undefined) {
    throw new LdapFailure(resultCode.noSuchObject, '0000208D: NameErr: DSID-03100238, problem 2001 (NO_OBJECT)')
  }
  const password = request.changes.find(
    (change) => change.type.toLowerCase() === 'unicodepwd' && change.kind !== 'delete',
  )
  const rest = request.changes.filter((change) => change.type.toLowerCase() !== 'unicodepwd')
  if (rest.length > 0) {
    const changes = rest.map((change) => ({ ...change, values: textValues(change.type, change.values) }))
    directory.modify(request.dn, changes, { permissive: controls.permissive })
  }
  if (password?.values[0] !== undefined) directory.setPassword(request.dn, readPassword(password.values[0]))
}

/** `unicodePwd` is the quoted password in UTF-16. */
function readPassword(value: Value): string {
  const text = typeof value === 'string' ? value : value.toString('utf16le')
  if (!/^".*"$/s.test(text)) {
    throw new LdapFailure(
      resultCode.unwillingToPerform,
      '0000001F: SvcErr: DSID-031A1248, problem 5003 (WILL_NOT_PERFORM)',
    )
  }
  return text.slice(1, -1)
}

function textual(attributes: Readonly<Record<string, readonly Value[]>>): Record<string, readonly Value[]> {
  return Object.fromEntries(Object.entries(attributes).map(([name, values]) => [name, textValues(name, values)]))
}

/** Text leaves the wire as bytes; only binary attributes keep them. */
function textValues(name: string, values: readonly Value[]): readonly Value[] {
  const syntax = findAttribute(name)?.syntax
  if (syntax === 'octets' || syntax === 'sid') return values
  return values.map((value) => (typeof value === 'string' ? value : value.toString('utf8')))
}
