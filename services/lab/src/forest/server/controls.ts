/** The request controls the server knows, read once per request. */
import { BerReader } from '../ber/reader.ts'
import { LdapFailure, resultCode } from '../directory/failure.ts'
import type { DnForm } from './entry-encoder.ts'
import type { Control } from './request.ts'

export const controlOid = {
  paged: '1.2.840.113556.1.4.319',
  showDeleted: '1.2.840.113556.1.4.417',
  showRecycled: '1.2.840.113556.1.4.2064',
  sort: '1.2.840.113556.1.4.473',
  notification: '1.2.840.113556.1.4.528',
  extendedDn: '1.2.840.113556.1.4.529',
  lazyCommit: '1.2.840.113556.1.4.619',
  securityFlags: '1.2.840.113556.1.4.801',
  treeDelete: '1.2.840.113556.1.4.805',
  dirSync: '1.2.840.113556.1.4.841',
  domainScope: '1.2.840.113556.1.4.1339',
  permissiveModify: '1.2.840.113556.1.4.1413',
} as const

export interface DirSyncAsk {
  readonly flags: number
  readonly maxBytes: number
  readonly cookie: Buffer
}

export interface Controls {
  readonly paged: { readonly size: number; readonly cookie: Buffer } | undefined
  readonly dirSync: DirSyncAsk | undefined
  readonly dnForm: DnForm
  readonly showDeleted: boolean
  readonly notification: boolean
  readonly treeDelete: boolean
  readonly permissive: boolean
  readonly domainScope: boolean
  readonly sortBy: { readonly name: string; readonly reverse: boolean } | undefined
}

const known = new Set<string>(Object.values(controlOid))

/** Throws 12 for a critical control nobody here knows. */
export function readControls(controls: readonly Control[]): Controls {
  const find = (oid: string): Control | undefined => controls.find((control) => control.oid === oid)
  const stranger = controls.find((control) => control.critical && !known.has(control.oid))
  if (stranger !== undefined) {
    throw new LdapFailure(
      resultCode.unavailableCriticalExtension,
      '00000057: LdapErr: DSID-0C090DC8, comment: Error processing control, data 0, v4563',
    )
  }
  const paged = find(controlOid.paged)?.value
  const dirSync = find(controlOid.dirSync)?.value
  const extended = find(controlOid.extendedDn)
  const sort = find(controlOid.sort)?.value
  return {
    paged: paged === undefined ? undefined : readPaged(paged),
    dirSync: dirSync === undefined ? undefined : readDirSync(dirSync),
    dnForm: extended === undefined ? 'plain' : readDnForm(extended.value),
    showDeleted: find(controlOid.showDeleted) !== undefined || find(controlOid.showRecycled) !== undefined,
    notification: find(controlOid.notification) !== undefined,
    treeDelete: find(controlOid.treeDelete) !== undefined,
    permissive: find(controlOid.permissiveModify) !== undefined,
    domainScope: find(controlOid.domainScope) !== undefined,
    sortBy: sort === undefined ? undefined : readSort(sort),
  }
}

function readPaged(value: Buffer): { size: number; cookie: Buffer } {
  const body = new BerReader(value).enter(0x30).content
  return { size: body.integer(), cookie: body.octets() }
}

function readDirSync(value: Buffer): DirSyncAsk {
  const body = new BerReader(value).enter(0x30).content
  return { flags: body.integer() >>> 0, maxBytes: body.integer(), cookie: body.octets() }
}

function readDnForm(value: Buffer | undefined): DnForm {
  if (value === undefined || value.length === 0) return 'hex'
  return new BerReader(value).enter(0x30).content.integer() === 1 ? 'text' : 'hex'
}

function readSort(value: Buffer): { name: string; reverse: boolean } {
  const key = new BerReader(value).enter(0x30).content.enter(0x30).content
  const name = key.string()
  if (key.peek() === 0x80) key.octets()
  return { name, reverse: key.peek() === 0x81 ? key.boolean(0x81) : false }
}
