import { readBarrier } from './adapters/barrier.sql.js'
import { lockBarrier } from './adapters/locks.sql.js'
/** An open barrier never closes, so it is asked only until then. */
export function gate() {
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
//# sourceMappingURL=gate.js.map
