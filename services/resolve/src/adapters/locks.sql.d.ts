/** Advisory locks of a transaction, always taken in the order class, bucket. */
import type { Queryable } from '@canopy/chassis'
/** For a transaction that needs no locks of its own. */
export declare function steerPlans(tx: Queryable): Promise<void>
export declare function lockExclusive(tx: Queryable, buckets: readonly number[]): Promise<void>
export declare function lockShared(tx: Queryable, buckets: readonly number[]): Promise<void>
/** Two source groups that are one group write the same desired edges. */
export declare function lockGroups(tx: Queryable, forests: readonly string[], groups: readonly string[]): Promise<void>
export declare function lockLiveness(tx: Queryable): Promise<void>
export declare function lockBarrier(tx: Queryable, mode: 'shared' | 'exclusive'): Promise<void>
