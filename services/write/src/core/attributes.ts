/** The target attributes Canopy writes: limits and what may be emptied (source: Graph v1.0 reference, cmdlet reference). */
import type { Kind, Values } from '../ports.ts'

export interface TargetAttribute {
  readonly type: 'string' | 'boolean' | 'strings'
  readonly maxLength?: number
  /** False: the target refuses to empty it; an empty desire is reported, not sent. */
  readonly clearable: boolean
  readonly onTooLong: 'truncate' | 'omit'
}

const text = (maxLength: number, clearable = true, onTooLong: TargetAttribute['onTooLong'] = 'truncate') =>
  ({ type: 'string', maxLength, clearable, onTooLong }) as const

const userAttributes: Readonly<Record<string, TargetAttribute>> = {
  accountEnabled: { type: 'boolean', clearable: false, onTooLong: 'omit' },
  userPrincipalName: text(113, false, 'omit'),
  displayName: text(256, false),
  mailNickname: text(64, false, 'omit'),
  givenName: text(64),
  surname: text(64),
  mail: text(320, false, 'omit'),
  jobTitle: text(128),
  department: text(64),
  companyName: text(64),
  officeLocation: text(128),
  streetAddress: text(1024),
  city: text(128),
  state: text(128),
  postalCode: text(40),
  country: text(128),
  mobilePhone: text(64),
  faxNumber: text(64),
  businessPhones: { type: 'strings', maxLength: 64, clearable: true, onTooLong: 'truncate' },
  otherMails: { type: 'strings', maxLength: 250, clearable: true, onTooLong: 'omit' },
  employeeId: text(16, true, 'omit'),
  employeeType: text(64),
  usageLocation: text(2, false, 'omit'),
  preferredLanguage: text(100),
}

const groupAttributes: Readonly<Record<string, TargetAttribute>> = {
  displayName: text(256, false),
  mailNickname: text(64, false, 'omit'),
  description: text(1024),
}

const contactAttributes: Readonly<Record<string, TargetAttribute>> = {
  displayName: text(256, false),
  mail: text(320, false, 'omit'),
  mailNickname: text(64, false, 'omit'),
  givenName: text(64),
  surname: text(64),
  jobTitle: text(128),
  department: text(64),
  companyName: text(64),
  officeLocation: text(128),
  businessPhones: { type: 'strings', maxLength: 64, clearable: true, onTooLong: 'truncate' },
  mobilePhone: text(64),
  faxNumber: text(64),
  streetAddress: text(1024),
  city: text(128),
  state: text(128),
  postalCode: text(40),
  country: text(128),
}

export const targetAttributes: Readonly<Record<Kind, Readonly<Record<string, TargetAttribute>>>> = {
  user: userAttributes,
  group: groupAttributes,
  contact: contactAttributes,
}

/** What a value becomes before it is compared or sent, so that equal things compare equal; undefined: not written. */
export function canonical(kind: Kind, name: string, values: Values): Values | undefined {
  const attribute = targetAttributes[kind][name]
  if (!attribute) return undefined
  const kept = values.filter((value) => value !== '')
  if (kept.length === 0) return attribute.clearable ? [] : undefined
  const limit = attribute.maxLength ?? Number.MAX_SAFE_INTEGER
  const tooLong = kept.some((value) => value.length > limit)
  if (tooLong && attribute.onTooLong === 'omit') return undefined
  const cut = tooLong ? kept.map((value) => cutAt(value, limit)) : kept
  return attribute.type === 'strings' ? cut : cut.slice(0, 1)
}

/** Never cuts through a surrogate pair. */
function cutAt(value: string, limit: number): string {
  if (value.length <= limit) return value
  const code = value.charCodeAt(limit - 1)
  return value.slice(0, code >= 0xd800 && code <= 0xdbff ? limit - 1 : limit)
}
