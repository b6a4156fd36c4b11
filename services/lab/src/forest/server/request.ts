/** LDAP requests as they come off the wire. */
import { BerFailure, BerReader } from '../ber/reader.ts'
import type { Value } from '../directory/entry.ts'
import { type Filter, readFilter } from '../directory/filter.ts'
import type { Change } from '../directory/operation.ts'

export interface Control {
  readonly oid: string
  readonly critical: boolean
  readonly value: Buffer | undefined
}

export interface SearchRequest {
  readonly kind: 'search'
  readonly base: string
  readonly scope: 'base' | 'one' | 'sub'
  readonly sizeLimit: number
  readonly typesOnly: boolean
  readonly filter: Filter
  readonly attributes: readonly string[]
}

export type Request =
  | { readonly kind: 'bind'; readonly name: string; readonly password: string | undefined }
  | { readonly kind: 'unbind' }
  | SearchRequest
  | { readonly kind: 'modify'; readonly dn: string; readonly changes: readonly Change[] }
  | { readonly kind: 'add'; readonly dn: string; readonly attributes: Readonly<Record<string, readonly Value[]>> }
  | { readonly kind: 'delete'; readonly dn: string }
  | { readonly kind: 'rename'; readonly dn: string; readonly rdn: string; readonly parent: string | undefined }
  | { readonly kind: 'compare'; readonly dn: string; readonly name: string; readonly value: Buffer }
  | { readonly kind: 'abandon'; readonly messageId: number }
  | { readonly kind: 'extended'; readonly oid: string }

export interface Message {
  readonly id: number
  readonly request: Request
  readonly controls: readonly Control[]
}

export function readMessage(bytes: Buffer): Message {
  const message = new BerReader(bytes).enter(0x30).content
  const id = message.integer()
  const request = readRequest(message)
  const controls: Control[] = []
  if (message.peek() === 0xa0) {
    const list = message.enter().content
    while (!list.done) {
      const control = list.enter(0x30).content
      const oid = control.string()
      const critical = control.peek() === 0x01 ? control.boolean() : false
      controls.push({ oid, critical, value: control.done ? undefined : control.octets() })
    }
  }
  return { id, request, controls }
}

function readRequest(message: BerReader): Request {
  const tag = message.peek()
  if (tag === 0x42) {
    message.octets()
    return { kind: 'unbind' }
  }
  if (tag === 0x4a) return { kind: 'delete', dn: message.string() }
  if (tag === 0x50) return { kind: 'abandon', messageId: message.integer(0x50) }
  const body = message.enter().content
  switch (tag) {
    case 0x60: {
      body.integer()
      const name = body.string()
      return { kind: 'bind', name, password: body.peek() === 0x80 ? body.string() : undefined }
    }
    case 0x63:
      return readSearch(body)
    case 0x66:
      return readModify(body)
    case 0x68:
      return { kind: 'add', dn: body.string(), attributes: readAttributes(body.enter(0x30).content) }
    case 0x6c: {
      const dn = body.string()
      const rdn = body.string()
      body.boolean()
      return { kind: 'rename', dn, rdn, parent: body.peek() === 0x80 ? body.string() : undefined }
    }
    case 0x6e: {
      const dn = body.string()
      const assertion = body.enter(0x30).content
      return { kind: 'compare', dn, name: assertion.string(), value: assertion.octets() }
    }
    case 0x77:
      return { kind: 'extended', oid: body.string(0x80) }
    default:
      throw new BerFailure(`no request has tag ${tag}`)
  }
}

const scopes = ['base', 'one', 'sub'] as const

function readSearch(body: BerReader): SearchRequest {
  const base = body.string()
  const scope = scopes[body.integer(0x0a)]
  if (scope === undefined) throw new BerFailure('no such scope')
  body.integer(0x0a)
  const sizeLimit = body.integer()
  body.integer()
  const typesOnly = body.boolean()
  const filter = readFilter(body)
  const attributes: string[] = []
  const list = body.enter(0x30).content
  while (!list.done) attributes.push(list.string())
  return { kind: 'search', base, scope, sizeLimit, typesOnly, filter, attributes }
}

const changeKinds = ['add', 'delete', 'replace'] as const

function readModify(body: BerReader): Request {
  const dn = body.string()
  const changes: Change[] = []
  const list = body.enter(0x30).content
  while (!list.done) {
    const change = list.enter(0x30).content
    const kind = changeKinds[change.integer(0x0a)]
    if (kind === undefined) throw new BerFailure('no such modification')
    const part = change.enter(0x30).content
    changes.push({ kind, type: part.string().replace(/;.*$/, ''), values: readValueSet(part) })
  }
  return { kind: 'modify', dn, changes }
}

function readAttributes(list: BerReader): Readonly<Record<string, readonly Value[]>> {
  const attributes: Record<string, readonly Value[]> = {}
  while (!list.done) {
    const part = list.enter(0x30).content
    attributes[part.string().replace(/;.*$/, '')] = readValueSet(part)
  }
  return attributes
}

/** Values keep their bytes: they outlive the message they came in. */
function readValueSet(part: BerReader): Value[] {
  const values: Value[] = []
  const set = part.enter(0x31).content
  while (!set.done) values.push(Buffer.from(set.octets()))
  return values
}
