/** Whether records are only stored, or resolved at once: the barrier as intake sees it. */
import type { Tx } from '@canopy/chassis'
import { type Barrier, readBarrier } from './adapters/barrier.sql.ts'
import { lockBarrier } from './adapters/locks.sql.ts'

export interface Gate {
  /** Keeps the barrier where it is until the transaction ends. */
  enter(tx: Tx): Promise<Barrier['state']>
}

/** An open barrier never closes, so it is asked only until then. */
export function gate(): Gate {
  let isOpen = false
  return {
    enter: async (tx) => {
      if (isOpen) return 'open'
      await lockBarrier(tx, 'shared')
      const { state } = await readBarrier(tx)
      isOpen = state === 'open'
      return state
    },
  }
}
