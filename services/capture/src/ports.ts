/** What capture's core knows objects, entries and partitions as. */
import type { agent, change } from '@canopy/proto'

export type Kind = 'user' | 'group' | 'contact' | 'container' | 'other'

/** Position is the number in the store. */
export const kinds = ['user', 'group', 'contact', 'container', 'other'] as const satisfies readonly Kind[]

/** What a forest says of one object, without its place in the tree. */
export interface Body {
  readonly attributes: Readonly<Record<string, agent.Values>>
  readonly references: Readonly<Record<string, string>>
  readonly oversize: Readonly<Record<string, change.Oversize>>
}

/** One object as capture keeps it. */
export interface ObjectState {
  readonly kind: Kind
  readonly classes: readonly string[]
  readonly sid: string
  readonly name: string
  readonly rdn: string
  /** Undefined for the head of a naming context, and where the parent is not known. */
  readonly parent: string | undefined
  readonly body: Body
}

/** A partition as the active configuration wants it read. */
export interface WantedPartition {
  readonly forest: string
  readonly domain: string
  readonly servers: readonly string[]
  readonly credential: string
  readonly tlsServerName: string
  readonly dialect: string
  readonly pollIntervalMs: number
  readonly optional: boolean
  readonly attributes: readonly string[]
}

/** First version of a row: incarnation 1. */
export const firstVersion = 1n << 40n
