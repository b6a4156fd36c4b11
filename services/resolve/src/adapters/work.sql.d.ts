/** Work left for later: identities to resolve again, edges to derive again, counts to fold. */
import type { Queryable, Tx } from '@canopy/chassis'
export declare function askRework(tx: Queryable, anchors: readonly string[]): Promise<void>
/** Takes the oldest; rows another process took are passed over. */
export declare function takeRework(tx: Tx, limit: number): Promise<string[]>
export declare function askRederive(tx: Queryable, anchors: readonly string[]): Promise<void>
export interface EdgeCursor {
  /** Source edges first (where they are of a group, in the order of their keys), then the desired edges there were. */
  readonly pass: 'source' | 'desired'
  readonly forest: string
  readonly group: string
  readonly member: string
}
export interface RederiveWork {
  readonly seq: bigint
  readonly anchor: string
  readonly cursor: EdgeCursor | undefined
}
export declare function takeRederive(tx: Tx): Promise<RederiveWork | undefined>
export declare function putRederive(tx: Tx, seq: bigint, cursor: EdgeCursor | undefined): Promise<void>
export declare function hasBacklog(tx: Queryable): Promise<boolean>
export interface Tally {
  readonly users: number
  readonly groups: number
  readonly contacts: number
  readonly joined: number
  readonly edges: number
}
export declare function addTally(tx: Queryable, by: Tally): Promise<void>
export declare function tally(sql: Queryable): Promise<Tally>
/** Many small rows become one. */
export declare function foldTally(sql: Queryable): Promise<void>
