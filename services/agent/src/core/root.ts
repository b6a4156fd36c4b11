/** Learns which directory is connected: its naming context, its identity, and whether the account sees deletions. */
import { canonicalDn, domainToDn } from '@canopy/domain'
import { type Directory, LdapError } from '../ports.ts'
import { type DirectoryKind, directoryKind } from './dialect.ts'
import { readOne } from './read-one.ts'

export interface Root {
  /** As the server spells it. */
  readonly namingContext: string
  readonly kind: DirectoryKind
  readonly dsServiceName: string
  /** The server's clock, as generalized time; '' if it tells none. */
  readonly currentTime: string
}

/** Undefined when the server is no directory of this domain. */
export async function readRoot(directory: Directory, domain: string): Promise<Root | undefined> {
  const root = await readOne(directory, '', ['namingContexts', 'dsServiceName', 'currentTime', 'supportedControl'])
  const contexts = root?.get('namingcontexts')?.map((value) => value.toString('utf8')) ?? []
  const wanted = canonicalDn(domainToDn(domain))
  const namingContext = contexts.find((dn) => canonicalDn(dn) === wanted)
  if (namingContext === undefined) return undefined
  const text = (name: string): string => root?.get(name)?.[0]?.toString('utf8') ?? ''
  const dsServiceName = text('dsservicename')
  const controls = root?.get('supportedcontrol')?.map((value) => value.toString('latin1')) ?? []
  const kind = directoryKind({ dsServiceName, controls })
  return { namingContext, kind, dsServiceName, currentTime: text('currenttime') }
}

/** The well-known GUID of CN=Deleted Objects. */
const deletedObjects = '18E2EA80684F11D2B9AA00C04F79F805'

/** An account that cannot read CN=Deleted Objects is never told of a deletion, in any dialect. */
export async function seesDeletions(directory: Directory, namingContext: string): Promise<boolean> {
  for (const base of [`<WKGUID=${deletedObjects},${namingContext}>`, `CN=Deleted Objects,${namingContext}`]) {
    try {
      for await (const entries of directory.search({
        base,
        scope: 'base',
        filter: '(objectClass=*)',
        attributes: ['objectClass', 'objectGUID'],
        controls: [{ type: 'showDeleted' }],
      })) {
        // An account without the right is shown the name alone.
        if (entries.some((entry) => entry.attributes.some(({ values }) => values.length > 0))) return true
      }
    } catch (error) {
      if (!(error instanceof LdapError)) throw error
    }
  }
  return false
}

/** Rings whenever something below the naming context changes; returns quietly where the server cannot. */
export async function watchChanges(directory: Directory, namingContext: string, ring: () => void): Promise<void> {
  // Without showDeleted a deletion is no change of anything visible, and would wait for the poll.
  for (const also of [[{ type: 'showDeleted' }], []] as const) {
    try {
      for await (const _ of directory.search({
        base: namingContext,
        scope: 'sub',
        filter: '(objectClass=*)',
        attributes: ['objectGUID'],
        controls: [{ type: 'notify' }, ...also],
        timeoutMs: 0,
      })) {
        ring()
      }
      return
    } catch (error) {
      // Polling goes on without it; a lost connection is noticed by the reading itself.
      if (!(error instanceof LdapError)) return
    }
  }
}
