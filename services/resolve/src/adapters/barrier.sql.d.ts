/** The barrier and what it waits for, as rows. */
import type { Queryable, Tx } from '@canopy/chassis'
import { record } from '@canopy/proto'
import type { EdgeCursor } from './work.sql.ts'
export type BarrierState = 'waiting' | 'deciding' | 'deriving' | 'open'
/** Where deciding or deriving goes on. */
export interface BarrierCursor {
  /** Lists still to be decided, in order; the first is under way. */
  readonly lists?: readonly {
    readonly kind: string
    readonly forest: string
  }[]
  /** The last object of the first list that was decided. */
  readonly createdAt?: string
  readonly guid?: string
  readonly edge?: EdgeCursor
}
export interface Barrier {
  readonly state: BarrierState
  readonly cursor: BarrierCursor
}
export declare function readBarrier(sql: Queryable): Promise<Barrier>
export declare function writeBarrier(tx: Tx, barrier: Barrier): Promise<void>
export declare function writeWatermark(tx: Tx, of: record.Watermark): Promise<void>
export declare function readWatermarks(sql: Queryable): Promise<record.Watermark[]>
export interface Undecided extends Record<string, unknown> {
  readonly anchor: string
  readonly guid: string
  readonly created_at: string
}
/** The next objects of a kind in a forest, oldest first, and whether their identities are decided already. */
export declare function nextUndecided(
  tx: Tx,
  of: {
    readonly kind: string
    readonly forest: string
    readonly after: BarrierCursor
    readonly limit: number
  },
): Promise<Undecided[]>
/** Forests that objects are of. */
export declare function knownForests(sql: Queryable): Promise<string[]>
/** Objects of one forest that would fall into one identity, the first of each excepted. */
export declare function crowded(tx: Tx): Promise<
  {
    forest: string
    guid: string
    kind: string
    source_anchor: string
  }[]
>
export declare function moveTo(
  tx: Tx,
  moved: readonly {
    readonly forest: string
    readonly guid: string
    readonly anchor: string
  }[],
): Promise<void>
/** The store was empty a moment ago: plans are made for what is in it now. */
export declare function refreshStatistics(tx: Tx): Promise<void>
