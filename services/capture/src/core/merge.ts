/** Makes the new state of an object of the one before and what a directory just said. */
import { leafRdn, parseRdn, sidFromBytes } from '@canopy/domain'
import type { agent } from '@canopy/proto'
import type { Body, ObjectState } from '../ports.ts'
import { kindOf } from './kind.ts'

/** Attributes over this many bytes travel as digest and length. */
export const maxAttributeBytes = 64 * 1024

export interface MergeContext {
  /** DN of the naming context: its head has no parent. */
  readonly namingContext: string
  readonly digest: (values: readonly Uint8Array[]) => string
}

/**
 * Undefined when there is too little to know what the object is: it must be read whole. Values of one attribute have no
 * order in the directory; they are sorted here, so that another server's order is no change.
 */
export function mergeEntry(
  before: ObjectState | undefined,
  entry: agent.Entry,
  context: MergeContext,
): ObjectState | undefined {
  const classes = entry.attributes.objectClass?.values.map((value) => value.toString('utf8')) ?? before?.classes
  if (!classes || classes.length === 0) return undefined
  const base = entry.complete ? undefined : before
  const head = entry.dn.toLowerCase() === context.namingContext.toLowerCase()
  const rdn = head ? entry.dn : leafRdn(entry.dn)
  const name = head ? rdn : (parseRdn(rdn)?.value ?? rdn)
  const sidBytes = entry.attributes.objectSid?.values[0]
  return {
    kind: kindOf(classes),
    classes,
    sid: (sidBytes ? sidFromBytes(sidBytes) : undefined) ?? before?.sid ?? '',
    name,
    rdn,
    parent: head ? undefined : entry.parentGuid || before?.parent,
    body: mergeBody(base, entry, name, context),
  }
}

function mergeBody(base: ObjectState | undefined, entry: agent.Entry, name: string, { digest }: MergeContext): Body {
  const before = base?.body
  const attributes = new Map(before ? Object.entries(before.attributes) : [])
  const oversize = new Map(before ? Object.entries(before.oversize) : [])
  for (const attribute in entry.attributes) {
    if (attribute === 'objectClass') continue
    const values = entry.attributes[attribute]!.values
    let bytes = 0
    for (const value of values) bytes += value.length
    if (values.length > 1) values.sort(Buffer.compare)
    const travels = bytes <= maxAttributeBytes
    if (travels && values.length > 0) attributes.set(attribute, { values })
    else attributes.delete(attribute)
    if (travels) oversize.delete(attribute)
    else oversize.set(attribute, { digest: digest(values), length: bytes })
  }
  // DirSync never returns cn; it is the name. Directories that do tell it may name their objects otherwise.
  const cn = entry.attributes.cn ?? attributes.get('cn')
  const isName = cn?.values.length !== 1 || cn.values[0]!.toString('utf8') === base?.name
  if (!entry.attributes.cn && isName) attributes.set('cn', { values: [Buffer.from(name)] })
  return { attributes: sorted(attributes), references: mergeReferences(before, entry), oversize: sorted(oversize) }
}

function mergeReferences(before: Body | undefined, entry: agent.Entry): Record<string, string> {
  const references = new Map(before ? Object.entries(before.references) : [])
  for (const [attribute, links] of Object.entries(entry.links)) {
    if (attribute === 'member') continue
    const target = links.added[0]?.guid
    const current = references.get(attribute)
    if (target) references.set(attribute, target)
    else if (links.whole || links.removed.some((link) => link.guid === current)) references.delete(attribute)
  }
  return sorted(references)
}

/** Equal states must have equal bytes. */
function sorted<T>(map: ReadonlyMap<string, T>): Record<string, T> {
  const result: Record<string, T> = {}
  for (const name of [...map.keys()].sort()) result[name] = map.get(name)!
  return result
}
