/** Gives back to the system what a whole reading of a directory needed: an agent then sits idle for days. */

/** How long an agent must have been quiet. */
const quietMs = 5_000

/**
 * What to call when a reading is through. V8 keeps a grown heap where nothing is allocated any more; where the process was
 * started with --expose-gc, as the image does, it is told to shrink.
 */
export function memoryKeeper(): () => void {
  let timer: NodeJS.Timeout | undefined
  return () => {
    const { gc } = globalThis
    if (!gc) return
    clearTimeout(timer)
    timer = setTimeout(() => gc({ type: 'major', execution: 'sync', flavor: 'last-resort' }), quietMs).unref()
  }
}
