/** Checks values against their attribute's syntax and compares them by its rule. */
import type { Value } from './entry.ts'
import { LdapFailure, resultCode } from './failure.ts'
import type { AttributeType } from './schema.ts'
import { parseSid, sidToBytes } from './sid.ts'

/** Brings values into the stored form; throws 21 on a wrong syntax, 19 on too many, 20 on a repeated one. */
export function acceptValues(type: AttributeType, values: readonly Value[]): readonly Value[] {
  if (values.length > 1 && !type.multi) {
    throw new LdapFailure(resultCode.constraintViolation, `00002081: AtrErr: DSID-03152A7C, single-valued ${type.name}`)
  }
  const accepted = values.map((value) => acceptValue(type, value))
  if (accepted.length > 1) {
    const keys = new Set(accepted.map((value) => valueKey(type, value)))
    if (keys.size < accepted.length) {
      throw new LdapFailure(resultCode.attributeOrValueExists, `00002083: AtrErr: DSID-03151830, twice in ${type.name}`)
    }
  }
  return accepted
}

function acceptValue(type: AttributeType, value: Value): Value {
  switch (type.syntax) {
    case 'octets':
      return typeof value === 'string' ? Buffer.from(value, 'latin1') : Buffer.from(value)
    case 'sid': {
      if (typeof value !== 'string') return Buffer.from(value)
      const sid = parseSid(value)
      return sid === undefined ? refuse(type) : sidToBytes(sid)
    }
    case 'integer': {
      const text = String(value)
      return /^-?\d{1,20}$/.test(text) ? text : refuse(type)
    }
    case 'boolean': {
      const text = String(value)
      return text === 'TRUE' || text === 'FALSE' ? text : refuse(type)
    }
    case 'text':
    case 'exact':
    case 'time':
    case 'dn': {
      const text = typeof value === 'string' ? value : value.toString('utf8')
      return text === '' ? refuse(type) : text
    }
  }
}

function refuse(type: AttributeType): never {
  throw new LdapFailure(
    resultCode.invalidAttributeSyntax,
    `00000057: LdapErr: DSID-0C090F9E, comment: Error in attribute conversion operation (${type.name})`,
  )
}

/** Two values are the same for the attribute when their keys are equal. */
export function valueKey(type: AttributeType, value: Value): string {
  if (typeof value !== 'string') return value.toString('latin1')
  return type.syntax === 'text' || type.syntax === 'dn' ? value.toLowerCase() : value
}

/** Byte for byte equal lists; a write of these is no change. */
export function sameValues(a: readonly Value[], b: readonly Value[]): boolean {
  return a.length === b.length && a.every((value, i) => sameValue(value, b[i] ?? ''))
}

function sameValue(a: Value, b: Value): boolean {
  if (typeof a === 'string' || typeof b === 'string') return a === b
  return a.equals(b)
}
