/** The configuration whose rules are used, and how far its evaluation has come. */
import type { Queryable } from '@canopy/chassis'
import { configuration } from '@canopy/proto'
/** Undefined before the first one. */
export declare function activeConfiguration(sql: Queryable): Promise<configuration.Configuration | undefined>
export declare function activate(sql: Queryable, version: configuration.Configuration): Promise<void>
export declare function markEvaluated(sql: Queryable, partition: number, version: bigint): Promise<void>
/** The version under which everything in all of `partitions` was evaluated; 0 where one said nothing yet. */
export declare function evaluatedVersion(sql: Queryable, partitions: number): Promise<bigint>
/** Every identity is resolved again: rules changed for all of them. */
export declare function askReworkOfAll(sql: Queryable): Promise<void>
