/** Whether records are only stored, or resolved at once: the barrier as intake sees it. */
import type { Tx } from '@canopy/chassis'
import { type Barrier } from './adapters/barrier.sql.ts'
export interface Gate {
  /** Keeps the barrier where it is until the transaction ends. */
  enter(tx: Tx): Promise<Barrier['state']>
}
/** An open barrier never closes, so it is asked only until then. */
export declare function gate(): Gate
