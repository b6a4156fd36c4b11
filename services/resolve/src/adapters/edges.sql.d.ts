/** Edges as rows: what forests say, and the desired memberships that follow. */
import type { Queryable, Tx } from '@canopy/chassis'
import type { change } from '@canopy/proto'
import type { EdgeChange } from '../ports.ts'
import type { EdgeCursor } from './work.sql.ts'
/** Writes the newer ones; "<forest>/<group guid>/<member>" of those that were. */
export declare function writeSourceEdges(tx: Tx, edges: readonly change.SourceEdge[]): Promise<ReadonlySet<string>>
/** Derives what source edges map to. */
export declare function deriveEdges(tx: Tx, keys: readonly Omit<EdgeCursor, 'pass'>[]): Promise<EdgeChange[]>
export interface Pair {
  readonly group: string
  readonly member: string
}
/** Derives desired edges by their ends. */
export declare function derivePairs(tx: Tx, pairs: readonly Pair[]): Promise<EdgeChange[]>
/** Desired edges, present or possible, of identities at either end; at most `limit`. */
export declare function pairsAt(
  sql: Queryable,
  of: {
    readonly groups: readonly string[]
    readonly members: readonly string[]
    readonly limit: number
  },
): Promise<Pair[]>
/** The next source edges in the order of their keys: of one group identity, or of everything. */
export declare function nextSourceEdges(
  sql: Queryable,
  of: {
    readonly after: EdgeCursor | undefined
    readonly limit: number
    readonly anchor?: string
  },
): Promise<readonly EdgeCursor[]>
/** The next desired edges of a group, in the order of their members. */
export declare function nextDesiredEdges(
  sql: Queryable,
  of: {
    readonly anchor: string
    readonly after: string
    readonly limit: number
  },
): Promise<string[]>
