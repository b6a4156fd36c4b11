/** Contributions as rows: what each object of a forest says about its identity. */
import type { Queryable, Tx } from '@canopy/chassis'
import type { Member } from '../ports.ts'
/** What has to be locked before an identity may be touched. */
export interface Outline {
  readonly forest: string
  readonly guid: string
  readonly anchor: string
  readonly kind: string
  readonly sid: string
  readonly claims: readonly string[]
  readonly references: Readonly<Record<string, string>>
}
/** Every member of the identities that the objects belong to, and of `anchors`. */
export declare function outlines(
  sql: Queryable,
  of: {
    readonly forests: readonly string[]
    readonly guids: readonly string[]
    readonly anchors: readonly string[]
  },
): Promise<Outline[]>
/** The members of identities, whole. */
export declare function members(sql: Queryable, anchors: readonly string[]): Promise<Member[]>
/** Writes the newer ones; returns what was written, with the anchor it has now. */
export declare function writeContributions(
  tx: Tx,
  written: readonly Member[],
  mode: 'decided' | 'undecided',
): Promise<
  {
    forest: string
    guid: string
    anchor: string
  }[]
>
