/** Identities as rows: what was last desired, under a version that only ever rises. */
import type { Queryable, Tx } from '@canopy/chassis'
import type { Identity } from '../ports.ts'
export declare function identities(sql: Queryable, anchors: readonly string[]): Promise<Map<string, Identity>>
/** What becomes of an identity; `version` is the one to publish. */
export interface Decided extends Omit<Identity, 'desired'> {
  readonly body: Uint8Array
}
/** The caller has the locks of every identity it writes. */
export declare function writeIdentities(tx: Tx, decided: readonly Decided[]): Promise<void>
