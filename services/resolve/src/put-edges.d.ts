/** Publishes desired memberships that changed. */
import type { Out, Tx } from '@canopy/chassis'
import type { EdgeChange } from './ports.ts'
export interface EdgeNews {
  readonly observedAt: Date | undefined
  readonly headers?: Readonly<Record<string, string>>
}
/** `news` tells of a source edge when it was observed, by "<forest>/<group guid>/<member>". */
export declare function putEdges(
  of: {
    readonly tx: Tx
    readonly out: Out
    readonly now: Date
  },
  changes: readonly EdgeChange[],
  news?: (source: string) => EdgeNews | undefined,
): Promise<void>
