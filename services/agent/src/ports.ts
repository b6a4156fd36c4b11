/** What the agent's core needs from the outside: a directory to read, credentials, a hub to tell. */
import type { agent } from '@canopy/proto'

/** Names as the server spells them; values are the server's bytes. */
export interface RawAttribute {
  readonly name: string
  /** Made at each look: take them once. */
  readonly values: Buffer[]
  /** Bytes of all values, a few for each besides. */
  readonly size: number
  /** Of the first value; -1 where there is none. */
  readonly firstByte: number
}

export interface RawEntry {
  readonly dn: string
  readonly attributes: readonly RawAttribute[]
}

/** Controls a search may carry, as data. */
export type SearchControl =
  | { readonly type: 'paged'; readonly size: number; readonly cookie: Buffer }
  | { readonly type: 'dirsync'; readonly flags: number; readonly maxBytes: number; readonly cookie: Buffer }
  | { readonly type: 'showDeleted' }
  | { readonly type: 'extendedDn' }
  | { readonly type: 'notify' }
  /** Content synchronization (RFC 4533); without a cookie: everything. */
  | { readonly type: 'sync'; readonly persist: boolean; readonly cookie: Buffer | undefined }

/** A string of RFC 4515, or an equality with bytes, which that form cannot carry safely. */
export type SearchFilter = string | { readonly attribute: string; readonly equals: Buffer }

export interface Search {
  readonly base: string
  readonly scope: 'base' | 'one' | 'sub'
  readonly filter: SearchFilter
  readonly attributes: readonly string[]
  readonly controls?: readonly SearchControl[]
  /** Longest silence of the server in milliseconds; 0: it may be silent for ever. Default 60,000. */
  readonly timeoutMs?: number
  /** Abandons the search: the iteration throws the signal's reason. */
  readonly signal?: AbortSignal
}

/** What came with the end of a search. */
export interface SearchResult {
  /** LDAP result code; 0 and 10 (referral) are the only ones that return, the others throw LdapError. */
  readonly code: number
  readonly pagedCookie: Buffer | undefined
  readonly dirsync: { readonly more: boolean; readonly cookie: Buffer } | undefined
  /** What the server ended a content synchronization with. */
  readonly sync: { readonly cookie: Buffer | undefined; readonly deletes: boolean } | undefined
  /** Search references are not followed, only counted. */
  readonly references: number
  /** The first few of their addresses, and of a referral's. */
  readonly referrals: readonly string[]
}

/** What a content synchronization says of one entry. */
export interface SyncState {
  readonly state: 'present' | 'add' | 'modify' | 'delete'
  /** entryUUID, lower-case, dashed. */
  readonly uuid: string
  readonly cookie: Buffer | undefined
}

/** What it says between entries. */
export type SyncInfo =
  | { readonly type: 'cookie'; readonly cookie: Buffer }
  /** `done`: the refresh is over, what follows is live. */
  | {
      readonly type: 'refreshDelete' | 'refreshPresent'
      readonly cookie: Buffer | undefined
      readonly done: boolean
    }
  /** `deletes`: these are gone; otherwise these are unchanged. */
  | {
      readonly type: 'ids'
      readonly cookie: Buffer | undefined
      readonly deletes: boolean
      readonly uuids: readonly string[]
    }

export type SyncItem =
  | { readonly type: 'entry'; readonly entry: RawEntry; readonly state: SyncState }
  | { readonly type: 'info'; readonly info: SyncInfo }

/** A refusal by the server: the result code decides, the text is the server's. */
export class LdapError extends Error {
  override readonly name = 'LdapError'
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

/** One bound connection. Ending the iteration early abandons the search. */
export interface Directory {
  /** "ldaps://dc1.corp.contoso.com:636". */
  readonly server: string
  search(search: Search): AsyncGenerator<readonly RawEntry[], SearchResult>
  /** A search with the sync control: entries and what is said between them, in the server's order. */
  sync(search: Search): AsyncGenerator<readonly SyncItem[], SearchResult>
  /** Settles when the connection ends, with what ended it. */
  readonly closed: Promise<Error>
  close(): void
}

export interface Credential {
  readonly username: string
  readonly password: string
  /** Fingerprint of the content, never the content. */
  readonly version: string
}

export interface Credentials {
  /** Names that can be resolved now. */
  names(): Promise<readonly string[]>
  /** The one in use and the one to come, in that order; none: there is none of that name (yet). */
  resolve(name: string): Promise<readonly Credential[]>
}

/** Where a partition is read: servers, trust and account. */
export interface Connector {
  /** The servers to try, in order. */
  servers(assignment: agent.Assignment): Promise<readonly string[]>
  /** What a thrown error means. */
  explain(server: string, error: unknown): Trouble
  /** Says that the server is none of this domain's. */
  wrongDirectory(server: string, domain: string): Trouble
  /** Connects and binds; what it throws is for `explain`. */
  connect(request: {
    readonly server: string
    readonly tlsServerName: string
    readonly credential: Credential
    readonly credentialName: string
    readonly signal: AbortSignal
  }): Promise<Directory>
}

/** A failure as a person meets it. */
export interface Trouble {
  readonly code: string
  readonly message: string
  readonly mend: string
  /** The account was refused: this version of the credential is not tried again. */
  readonly credentialRefused: boolean
}

/** A part of an object, small enough for a batch, and about how many bytes it is. */
export interface Part {
  readonly entry: agent.Entry
  readonly bytes: number
}

/** What a reading of a directory yields, before it is cut into numbered batches. */
export type FeedEvent =
  /** A reading begins after which absence is known. `cursor`: where to go on if it breaks; none: from the start. */
  | { readonly type: 'begin'; readonly cursor?: Buffer }
  | ({ readonly type: 'entry' } & Part)
  /** Many at once: a feed of a hundred thousand would otherwise spend its time on handing over. */
  | { readonly type: 'entries'; readonly parts: readonly Part[] }
  | { readonly type: 'skipped'; readonly reason: string }
  /** Everything yielded so far is behind this cursor. `flush`: send what is collected. */
  | {
      readonly type: 'position'
      readonly cursor: Buffer
      readonly phase: 'snapshot' | 'stream'
      readonly flush: boolean
    }
  /** The enumeration was complete. `namesOnly`: it told again only what had changed, and of the rest that it is there. */
  | { readonly type: 'complete'; readonly cursor: Buffer; readonly namesOnly?: boolean }
  /** The directory said "no more data". */
  | { readonly type: 'caughtUp'; readonly cursor: Buffer }

/** What the agent does with what the hub says. */
export interface HubListener {
  hello(): Promise<agent.Hello>
  onMessage(message: agent.HubMessage, link: HubLink): void
  onDetached(): void
}

/** The way to the hub while attached. */
export interface HubLink {
  /** Settles when the stream takes more; a dead link swallows. */
  send(body: agent.AgentMessage['body']): Promise<void>
}
