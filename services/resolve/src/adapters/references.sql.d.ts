/** References as rows: which identity refers to which object, known or not. */
import type { Queryable, Tx } from '@canopy/chassis'
export interface Reference {
  readonly anchor: string
  readonly attribute: string
  readonly forest: string
  readonly guid: string
}
/**
 * Anchor and liveness of objects, by "forest/guid". While everything is decided for the first time an identity without a
 * row yet is live when one of its objects is in scope.
 */
export declare function targets(
  sql: Queryable,
  of: {
    readonly forests: readonly string[]
    readonly guids: readonly string[]
    readonly isDeciding: boolean
  },
): Promise<
  Map<
    string,
    {
      readonly anchor: string
      readonly isLive: boolean
    }
  >
>
/** Makes the references of `anchors` be exactly these. */
export declare function writeReferences(
  tx: Tx,
  anchors: readonly string[],
  references: readonly Reference[],
  isFirst: boolean,
): Promise<void>
/** Identities that refer to any object of `anchors`. */
export declare function referrers(sql: Queryable, anchors: readonly string[]): Promise<string[]>
