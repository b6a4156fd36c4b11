/** What write needs of the outside: cloud directories and nothing about how they are reached. */
import type { agent } from '@canopy/proto'

export type Kind = 'user' | 'group' | 'contact'

/** Canonical values; booleans as "true"/"false". */
export type Values = readonly string[]

export type CloudRequest =
  | {
      readonly op: 'create'
      readonly kind: Kind
      readonly anchor: string
      readonly sourceAnchor: string
      readonly attributes: Readonly<Record<string, Values>>
    }
  | {
      readonly op: 'update'
      readonly kind: Kind
      readonly id: string
      readonly attributes: Readonly<Record<string, Values>>
    }
  | { readonly op: 'delete' | 'restore'; readonly kind: Kind; readonly id: string }
  | { readonly op: 'revokeSessions'; readonly kind: 'user'; readonly id: string }
  | { readonly op: 'addMembers'; readonly id: string; readonly members: readonly string[] }
  | { readonly op: 'removeMember'; readonly id: string; readonly member: string }
  | { readonly op: 'setManager'; readonly id: string; readonly manager: string }
  | { readonly op: 'clearManager'; readonly id: string }
  /** By what identifies an object of its kind beyond doubt: immutable id, unique name, external address. */
  | {
      readonly op: 'find'
      readonly kind: Kind
      readonly anchor: string
      readonly sourceAnchor: string
      readonly attributes: Readonly<Record<string, Values>>
    }
  | { readonly op: 'read'; readonly kind: Kind; readonly id: string }

/** An object as the cloud has it, in canonical form. */
export interface CloudObject {
  readonly id: string
  readonly kind: Kind
  readonly attributes: Readonly<Record<string, Values>>
  /** What the object is anchored by in the cloud, as far as its kind carries one. */
  readonly sourceAnchor: string | undefined
  readonly anchor: string | undefined
  /** Another engine masters it: never written. */
  readonly foreignMaster: boolean
}

/**
 *   kind      | meaning                                          | what write does
 *   ----------+--------------------------------------------------+------------------------------------------
 *   exists    | a value or the object is already there           | look it up by its strong key
 *   notYet    | refers to something too fresh to be seen         | back off, other work goes on
 *   missing   | the object is not there (any more)               | drop the link, plan anew
 *   done      | the effect is there already                      | success
 *   refused   | the target will not, until something changes     | shown, tried again slowly
 *   throttled | too fast                                         | the whole target waits
 *   transient | 5xx, connection refused before anything was sent | back off
 *   unknown   | sent, no answer                                  | read back after the settle time
 *   waiting   | no token, wrong secret                           | the target waits for a new credential
 */
export interface CloudFailure {
  readonly kind:
    | 'exists'
    | 'notYet'
    | 'missing'
    | 'done'
    | 'refused'
    | 'throttled'
    | 'transient'
    | 'unknown'
    | 'waiting'
  readonly code: string
  readonly message: string
  readonly attribute?: string
  readonly retryAfterMs?: number
  readonly mend?: string
}

export type CloudAnswer =
  | { readonly ok: true; readonly id?: string; readonly object?: CloudObject }
  | { readonly ok: false; readonly failure: CloudFailure }

export interface CloudCapabilities {
  readonly kinds: readonly Kind[]
  /** Requests per call of `send`. */
  readonly batch: number
  /** Calls of `send` at once. */
  readonly concurrency: number
  /** Members per `addMembers`. */
  readonly membersPerRequest: number
}

export interface CloudDomain {
  readonly name: string
  readonly verified: boolean
  /** The one that the tenant began with. */
  readonly initial: boolean
}

export interface CloudDirectory {
  readonly capabilities: CloudCapabilities
  /** One answer per request, in order. Never throws; requests of one call must not depend on each other. */
  send(requests: readonly CloudRequest[], timeoutMs: number): Promise<readonly CloudAnswer[]>
  /** Every object of a kind, page by page. Throws Failure. */
  list(kind: Kind): AsyncIterable<readonly CloudObject[]>
  /** Ids of the members of a group, page by page. Throws Failure. */
  members(groupId: string): AsyncIterable<readonly string[]>
  /** Domains of the tenant; none where a target has none. Throws Failure. */
  domains(): Promise<readonly CloudDomain[]>
  /** Preflight, a line each. */
  check(): Promise<readonly agent.CheckLine[]>
  close(): Promise<void>
}
