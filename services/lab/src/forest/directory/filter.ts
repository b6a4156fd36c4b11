/** LDAP search filters: read from BER or text, compiled to a test on one entry. */
import { BerFailure, type BerReader } from '../ber/reader.ts'
import type { Entry, Value } from './entry.ts'
import { LdapFailure, resultCode } from './failure.ts'
import { linkEnds, reachableGroups, readValues } from './read.ts'
import { type AttributeType, attribute, findAttribute } from './schema.ts'
import { parseSid, sidToBytes } from './sid.ts'
import type { Store } from './store.ts'
import { valueKey } from './values.ts'

export type Filter =
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Filter[] }
  | { readonly kind: 'not'; readonly part: Filter }
  | { readonly kind: 'equal' | 'atLeast' | 'atMost'; readonly name: string; readonly value: Buffer }
  | { readonly kind: 'present'; readonly name: string }
  | { readonly kind: 'substring'; readonly name: string; readonly pieces: Pieces }
  | { readonly kind: 'rule'; readonly name: string; readonly rule: string; readonly value: Buffer }

interface Pieces {
  readonly initial: string | undefined
  readonly any: readonly string[]
  readonly final: string | undefined
}

/** True, false, or undefined where the attribute or value means nothing to the directory. */
export type Test = (entry: Entry) => boolean | undefined

const bitAnd = '1.2.840.113556.1.4.803'
const bitOr = '1.2.840.113556.1.4.804'
const inChain = '1.2.840.113556.1.4.1941'
const depthLimit = 64

export function readFilter(reader: BerReader, depth = 0): Filter {
  if (depth > depthLimit) throw new BerFailure('a filter nested too deeply')
  const { tag, content } = reader.enter()
  switch (tag) {
    case 0xa0:
    case 0xa1: {
      const parts: Filter[] = []
      while (!content.done) parts.push(readFilter(content, depth + 1))
      return { kind: tag === 0xa0 ? 'and' : 'or', parts }
    }
    case 0xa2:
      return { kind: 'not', part: readFilter(content, depth + 1) }
    case 0xa3:
    case 0xa8:
      return { kind: 'equal', name: content.string(), value: content.octets() }
    case 0xa4:
      return { kind: 'substring', name: content.string(), pieces: readPieces(content.enter(0x30).content) }
    case 0xa5:
      return { kind: 'atLeast', name: content.string(), value: content.octets() }
    case 0xa6:
      return { kind: 'atMost', name: content.string(), value: content.octets() }
    case 0xa9:
      return readRule(content)
    case 0x87:
      return { kind: 'present', name: content.rest().toString('utf8') }
    default:
      throw new BerFailure(`no filter has tag ${tag}`)
  }
}

function readPieces(reader: BerReader): Pieces {
  let initial: string | undefined
  let final: string | undefined
  const any: string[] = []
  while (!reader.done) {
    const tag = reader.peek()
    const text = reader.string()
    if (tag === 0x80) initial = text
    else if (tag === 0x81) any.push(text)
    else final = text
  }
  return { initial, any, final }
}

function readRule(reader: BerReader): Filter {
  let rule = ''
  let name = ''
  let value: Buffer = Buffer.alloc(0)
  while (!reader.done) {
    const tag = reader.peek()
    const octets = reader.octets()
    if (tag === 0x81) rule = octets.toString()
    else if (tag === 0x82) name = octets.toString()
    else if (tag === 0x83) value = octets
  }
  return { kind: 'rule', name, rule, value }
}

/** Makes the test for a filter. Throws 18-like failures as AD does: an unknown matching rule is 53. */
export function compileFilter(store: Store, filter: Filter): Test {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return compileList(
        filter.parts.map((part) => compileFilter(store, part)),
        filter.kind === 'and',
      )
    case 'not': {
      const test = compileFilter(store, filter.part)
      return (entry) => {
        const result = test(entry)
        return result === undefined ? undefined : !result
      }
    }
    case 'present':
    case 'equal':
    case 'atLeast':
    case 'atMost':
    case 'substring':
    case 'rule': {
      const type = findAttribute(filter.name)
      return type === undefined ? () => undefined : compileLeaf(store, type, filter)
    }
  }
}

function compileList(tests: readonly Test[], all: boolean): Test {
  return (entry) => {
    let outcome: boolean | undefined = all
    for (const test of tests) {
      const result = test(entry)
      if (result === !all) return result
      if (result === undefined) outcome = undefined
    }
    return outcome
  }
}

type Leaf = Exclude<Filter, { readonly kind: 'and' | 'or' | 'not' }>

function compileLeaf(store: Store, type: AttributeType, leaf: Leaf): Test {
  switch (leaf.kind) {
    case 'present':
      return compilePresent(store, type)
    case 'equal':
      return type.syntax === 'dn' ? compileDnEqual(store, type, leaf.value) : compileEqual(store, type, leaf.value)
    case 'atLeast':
      return compileOrder(store, type, { value: leaf.value, sign: 1 })
    case 'atMost':
      return compileOrder(store, type, { value: leaf.value, sign: -1 })
    case 'substring':
      return compileSubstring(store, type, leaf.pieces)
    case 'rule':
      return compileRule(store, type, leaf)
  }
}

function compilePresent(store: Store, type: AttributeType): Test {
  if (type.key === 'objectclass') return () => true
  if (type.link !== undefined) {
    return (entry) => {
      for (const _ of linkEnds(entry, type)) return true
      return false
    }
  }
  return (entry) => readValues(store, entry, type).length > 0
}

function compileEqual(store: Store, type: AttributeType, asserted: Buffer): Test {
  const sid = type.syntax === 'sid' ? parseSid(asserted.toString()) : undefined
  const binary = type.syntax === 'octets' || type.syntax === 'sid'
  if (type.key === 'objectclass') {
    const name = asserted.toString().toLowerCase()
    return (entry) => entry.objectClass.chain.some((each) => each.toLowerCase() === name)
  }
  const value: Value = sid !== undefined ? sidToBytes(sid) : binary ? asserted : asserted.toString('utf8')
  const wanted = valueKey(type, value)
  return (entry) => {
    for (const held of readValues(store, entry, type)) {
      if (held.length === value.length || typeof held === 'string') {
        if (held === value || valueKey(type, held) === wanted) return true
      }
    }
    return false
  }
}

function compileDnEqual(store: Store, type: AttributeType, asserted: Buffer): Test {
  const text = asserted.toString('utf8')
  if (type.key === 'objectcategory' && !text.includes('=')) {
    const short = text.toLowerCase()
    return (entry) => !entry.deleted && entry.objectClass.category.toLowerCase() === (categories.get(short) ?? short)
  }
  let target: Entry | undefined
  try {
    target = store.find(text) ?? store.findPhantom(text)
  } catch {
    return () => undefined
  }
  if (type.link === 'forward')
    return (entry) => target !== undefined && entry.links?.get(type)?.present.has(target) === true
  if (type.link === 'back') {
    return (entry) => {
      for (const end of linkEnds(entry, type)) if (end === target) return true
      return false
    }
  }
  if (type.key === 'distinguishedname') return (entry) => entry === target
  const wanted = text.toLowerCase()
  return (entry) => readValues(store, entry, type).some((value) => String(value).toLowerCase() === wanted)
}

/** Class names that `objectCategory` is asked by, where they differ from the category's own name. */
const categories = new Map([
  ['user', 'person'],
  ['contact', 'person'],
  ['inetorgperson', 'person'],
  ['organizationalunit', 'organizational-unit'],
  ['foreignsecurityprincipal', 'foreign-security-principal'],
  ['domaindns', 'domain-dns'],
])

function compileOrder(store: Store, type: AttributeType, bound: { value: Buffer; sign: 1 | -1 }): Test {
  const text = bound.value.toString('utf8')
  if (type.syntax === 'integer') {
    if (!/^-?\d+$/.test(text)) return () => undefined
    const limit = BigInt(text)
    return (entry) =>
      readValues(store, entry, type).some((value) =>
        bound.sign > 0 ? BigInt(String(value)) >= limit : BigInt(String(value)) <= limit,
      )
  }
  const limit = text.toLowerCase()
  return (entry) =>
    readValues(store, entry, type).some((value) => {
      const held = String(value).toLowerCase()
      return bound.sign > 0 ? held >= limit : held <= limit
    })
}

function compileSubstring(store: Store, type: AttributeType, pieces: Pieces): Test {
  if (type.syntax === 'dn' || type.link !== undefined) return () => undefined
  const initial = pieces.initial?.toLowerCase() ?? ''
  const final = pieces.final?.toLowerCase() ?? ''
  const any = pieces.any.map((piece) => piece.toLowerCase())
  const matches = (text: string): boolean => {
    if (!text.startsWith(initial) || !text.endsWith(final) || text.length < initial.length + final.length) return false
    let at = initial.length
    for (const piece of any) {
      const found = text.indexOf(piece, at)
      if (found < 0) return false
      at = found + piece.length
    }
    return at <= text.length - final.length
  }
  return (entry) => readValues(store, entry, type).some((value) => matches(String(value).toLowerCase()))
}

function compileRule(store: Store, type: AttributeType, leaf: Leaf & { readonly kind: 'rule' }): Test {
  const text = leaf.value.toString('utf8')
  if (leaf.rule === bitAnd || leaf.rule === bitOr) {
    if (!/^-?\d+$/.test(text)) return () => undefined
    const mask = BigInt.asUintN(64, BigInt(text))
    return (entry) =>
      readValues(store, entry, type).some((value) => {
        const common = BigInt.asUintN(64, BigInt(String(value))) & mask
        return leaf.rule === bitAnd ? common === mask : common !== 0n
      })
  }
  if (leaf.rule === inChain) return compileChain(store, type, text)
  throw new LdapFailure(resultCode.unwillingToPerform, '00002120: SvcErr: DSID-031401E7, unknown matching rule')
}

const memberOf = attribute('memberOf')
const member = attribute('member')

/** `memberOf:…1941:=group` is everything below the group; `member:…1941:=x` every group above x. */
function compileChain(store: Store, type: AttributeType, dn: string): Test {
  let target: Entry | undefined
  try {
    target = store.find(dn)
  } catch {
    return () => undefined
  }
  if (target === undefined) return () => false
  if (type === member) {
    const above = reachableGroups(target)
    return (entry) => above.has(entry)
  }
  const forward = type === memberOf ? member : type.link === 'back' ? findAttribute(type.partner ?? '') : undefined
  if (forward === undefined) return () => undefined
  const below = new Set<Entry>()
  const queue = [target]
  for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
    for (const end of linkEnds(at, forward)) {
      if (below.has(end)) continue
      below.add(end)
      queue.push(end)
    }
  }
  return (entry) => below.has(entry)
}
