/** A change to the directory with all that chance and the clock decided, so that it can be journaled and repeated. */
import type { Value } from './entry.ts'

export interface Change {
  readonly kind: 'add' | 'delete' | 'replace'
  readonly type: string
  readonly values: readonly Value[]
}

export type Operation =
  | {
      readonly op: 'add'
      readonly atMs: number
      readonly guid: string
      readonly dn: string
      readonly attributes: Readonly<Record<string, readonly Value[]>>
      /** SID of another domain, for a foreign security principal. */
      readonly sid?: string
      /** Relative id, where it is a well-known one. */
      readonly rid?: number
    }
  | {
      readonly op: 'modify'
      readonly atMs: number
      readonly guid: string
      readonly changes: readonly Change[]
      /** Adding what is there and deleting what is not are no errors. */
      readonly permissive?: boolean
    }
  | {
      readonly op: 'rename'
      readonly atMs: number
      readonly guid: string
      readonly rdnValue: string
      readonly parent: string
    }
  | { readonly op: 'remove'; readonly atMs: number; readonly guid: string }
  | {
      readonly op: 'restore'
      readonly atMs: number
      readonly guid: string
      readonly rdnValue: string
      readonly parent: string
    }
  | {
      readonly op: 'password'
      readonly atMs: number
      readonly guid: string
      readonly salt: string
      readonly hash: string
    }
