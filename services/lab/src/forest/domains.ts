/** Several domains of one forest: references from one to another, and objects that move between them. */
import type { LabDirectory } from './directory/directory.ts'
import { escapeRdnValue } from './directory/dn.ts'
import { LdapFailure, resultCode } from './directory/failure.ts'
import { sleepLinks, wakeLinks } from './directory/links.ts'
import type { LabObject } from './directory/object.ts'
import { nameForOthers } from './directory/other-domains.ts'
import { phantomFor, redirectLinks } from './directory/phantom.ts'

/** Lets each domain name objects of the others in its links; returns what ends it. */
export function uniteDomains(domains: readonly LabDirectory[]): () => void {
  const stops = domains.map((domain) => {
    const others = domains.filter((each) => each !== domain)
    domain.otherDomains.set(others)
    const stop = others.map((other) =>
      other.onChange((entry) => {
        const phantom = domain.store.phantoms.get(entry.guid)
        if (phantom === undefined || phantom.deleted === entry.deleted) return
        // What is deleted elsewhere leaves the groups here, which do not change by that.
        phantom.deleted = entry.deleted
        if (entry.deleted) sleepLinks(phantom, true)
        else wakeLinks(phantom)
      }),
    )
    return () => {
      for (const each of stop) each()
    }
  })
  return () => {
    for (const stop of stops) stop()
  }
}

/**
 * Moves an object to another domain of the forest as AD does: the GUID stays, the SID becomes another one and the old
 * one a part of its history, groups of the old domain hold it still, and the old domain keeps no tombstone of it.
 */
export function moveToDomain(
  from: LabDirectory,
  target: string,
  to: { domain: LabDirectory; parent: string },
): LabObject {
  const object = from.get(target)
  const entry = object === undefined ? undefined : from.store.byGuid.get(object.guid)
  if (object === undefined || entry === undefined || entry.deleted || (entry.children?.size ?? 0) > 0) {
    throw new LdapFailure(resultCode.unwillingToPerform, '00002077: SvcErr: only a leaf moves to another domain')
  }
  const { guid, sid, dn: oldDn } = object
  const attributes = Object.fromEntries(
    entry.shape.types
      .map((type) => [type.name, entry.stored(type)] as const)
      .filter(([name, values]) => values.length > 0 && name !== 'sAMAccountType'),
  )
  const links = [...(entry.links ?? [])].map(
    ([type, set]) => [type.name, [...set.present.keys()].map((end) => `<GUID=${end.guid}>`)] as const,
  )
  const named = links.map(([name, ends]) => [name, ends.map((end) => nameForOthers(from, end))] as const)
  const phantom = phantomFor(from.store, { guid, sid, dn: oldDn })
  redirectLinks(entry, phantom)
  from.store.expel(entry)
  from.snapshot()
  const history = sid === undefined ? [] : [sid]
  const dn = `${entry.rdnType}=${escapeRdnValue(entry.rdnValue)},${to.parent}`
  const moved = to.domain.add(
    dn,
    { objectClass: entry.objectClass.name, ...attributes, ...Object.fromEntries(named), sIDHistory: history },
    { guid },
  )
  const arrived = to.domain.store.byGuid.get(guid)
  const stood = to.domain.store.phantoms.get(guid)
  if (arrived !== undefined && stood !== undefined) {
    redirectLinks(stood, arrived)
    to.domain.store.phantoms.delete(guid)
  }
  phantom.foreignSid = moved.sid
  to.domain.snapshot()
  return moved
}
