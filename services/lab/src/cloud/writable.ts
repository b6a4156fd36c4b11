/** Reads the body of a create or update: names, types, lengths and who may set what. */
import { badRequest, type FailureDetail, invalidValue } from './failure.ts'
import { type Kind, type PropertyRule, resourceName, ruleOf } from './schema.ts'
import type { Properties } from './store.ts'

export interface Reading {
  readonly kind: Kind
  readonly mode: 'create' | 'update'
  readonly body: Readonly<Record<string, unknown>>
  /** The object's values before an update. */
  readonly before: Properties
}

export interface Written {
  readonly values: Readonly<Record<string, unknown>>
  /** `name@odata.bind` and annotations, by the name before the `@`, in lower case. */
  readonly binds: ReadonlyMap<string, readonly unknown[]>
}

const dateText = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$/

function detailed(property: string, code: string, message: string): Error {
  const details: readonly FailureDetail[] = [{ code, target: property, message }]
  return badRequest(message, details)
}

function checkString(rule: PropertyRule, kind: Kind, value: unknown): void {
  if (typeof value !== 'string' || value === '') throw invalidValue(rule.name, resourceName[kind])
  if (rule.max !== undefined && [...value].length > rule.max) {
    throw detailed(
      rule.name,
      'PropertyValueTooLong',
      `Invalid value specified for property '${rule.name}' of resource '${resourceName[kind]}'. ` +
        `It is longer than ${rule.max} characters.`,
    )
  }
}

function checkStrings(rule: PropertyRule, kind: Kind, value: unknown): void {
  if (!Array.isArray(value)) throw invalidValue(rule.name, resourceName[kind])
  for (const item of value) checkString(rule, kind, item)
  const limit = rule.name === 'businessPhones' ? 1 : rule.name === 'otherMails' ? 250 : undefined
  if (limit !== undefined && value.length > limit) throw invalidValue(rule.name, resourceName[kind])
}

function checkType(rule: PropertyRule, kind: Kind, value: unknown): void {
  switch (rule.type) {
    case 'string':
      return checkString(rule, kind, value)
    case 'strings':
      return checkStrings(rule, kind, value)
    case 'boolean':
      if (typeof value !== 'boolean') throw invalidValue(rule.name, resourceName[kind])
      return
    case 'date':
      if (typeof value !== 'string' || !dateText.test(value)) throw invalidValue(rule.name, resourceName[kind])
      return
    case 'object':
      if (typeof value !== 'object') throw invalidValue(rule.name, resourceName[kind])
      return
    default:
      return rule.type satisfies never
  }
}

const forbiddenInNickname = /[^\x21-\x7e]|[@()[\]";:<>,\\]/
const forbiddenInAnchor = /[$_]/
const plainAddress = /^[^\s@,;<>]+@[^\s@,;<>]+\.[^\s@,;<>]+$/

function checkForm(rule: PropertyRule, kind: Kind, value: unknown): void {
  const wrong =
    (rule.name === 'mailNickname' && forbiddenInNickname.test(String(value))) ||
    (rule.name === 'onPremisesImmutableId' && forbiddenInAnchor.test(String(value))) ||
    (rule.name === 'mail' && !plainAddress.test(String(value))) ||
    (rule.name === 'usageLocation' && !/^[A-Za-z]{2}$/.test(String(value)))
  if (wrong) throw invalidValue(rule.name, resourceName[kind])
}

function settable(reading: Reading, name: string): PropertyRule {
  const rule = ruleOf(reading.kind, name)
  if (rule === undefined) throw detailed(name, 'InvalidProperty', `Invalid property '${name}'.`)
  if (!(reading.mode === 'create' ? rule.create : rule.update)) {
    throw detailed(rule.name, 'ReadOnlyProperty', `Property '${rule.name}' is read-only and cannot be set.`)
  }
  return rule
}

/** Null, or an empty collection: an absent value stays allowed until one is set. */
function checkClearing(rule: PropertyRule, reading: Reading): void {
  if (rule.required && (reading.mode === 'create' || reading.before[rule.name] !== undefined)) {
    throw invalidValue(rule.name, resourceName[reading.kind], `Property '${rule.name}' cannot be cleared.`)
  }
}

function bindOf(name: string, value: unknown): readonly unknown[] {
  const list = Array.isArray(value) ? value : [value]
  if (list.length > 20) {
    throw badRequest(`The number of references in '${name}' exceeds the limit of 20 in one request.`)
  }
  return list
}

/** The accepted values under their documented names; throws the 400 that names the first property at fault. */
export function readWritable(reading: Reading): Written {
  const values: Record<string, unknown> = {}
  const binds = new Map<string, readonly unknown[]>()
  let foreign = 0
  for (const [name, value] of Object.entries(reading.body)) {
    const at = name.indexOf('@')
    if (at >= 0) {
      if (at > 0 && name.slice(at).toLowerCase() === '@odata.bind') {
        binds.set(name.slice(0, at).toLowerCase(), bindOf(name, value))
      }
      continue
    }
    const rule = settable(reading, name)
    if (rule.foreign) foreign += 1
    if (value === null) checkClearing(rule, reading)
    else {
      checkType(rule, reading.kind, value)
      checkForm(rule, reading.kind, value)
    }
    values[rule.name] = value
  }
  if (foreign > 0 && Object.keys(values).length > (reading.kind === 'group' ? 1 : foreign)) {
    throw badRequest(
      'The request is currently not supported on the targeted entity set: a property kept by another service must be updated apart from the rest.',
    )
  }
  return { values, binds }
}

/** Throws for the first required property that is missing from a create. */
export function requireProperties(kind: Kind, values: Properties, names: readonly string[]): void {
  for (const name of names) {
    if (values[name] !== undefined && values[name] !== null) continue
    const message = `A value is required for property '${name}' of resource '${resourceName[kind]}'.`
    throw badRequest(message, [{ code: 'MissingValue', target: name, message }])
  }
}

/** The values before with the written ones over them; a null removes. Also tells which names really changed. */
export function merge(
  before: Properties,
  values: Properties,
): { readonly after: Properties; readonly touched: string[] } {
  const after: Record<string, unknown> = { ...before }
  const touched: string[] = []
  for (const [name, value] of Object.entries(values)) {
    const known = before[name]
    if (value === null) delete after[name]
    else after[name] = value
    if (JSON.stringify(known) !== JSON.stringify(after[name])) touched.push(name)
  }
  return { after, touched }
}
