/** Wakes everybody who follows the log, in this process and, by a hint, in others. */
import type { Sql } from '@canopy/chassis'

const channel = 'entries'
/** A hint at most this often: NOTIFY takes a lock of the whole server. */
const hintEveryMs = 20

export interface Wake {
  /** Something was recorded here. */
  recorded(): void
  /** Resolves at the next sign of a new entry, after `ms` milliseconds, or when the signal is aborted. */
  next(ms: number, signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

export async function wake(sql: Sql): Promise<Wake> {
  const sleepers = new Set<() => void>()
  const wakeAll = (): void => {
    for (const sleeper of [...sleepers]) sleeper()
  }
  const stop = await sql.listen(channel, wakeAll)
  let hint: NodeJS.Timeout | undefined
  return {
    recorded: () => {
      hint ??= setTimeout(() => {
        hint = undefined
        // Whoever misses it looks again within a second.
        sql.notify(channel).catch(() => undefined)
      }, hintEveryMs)
    },
    next: (ms, signal) =>
      new Promise((resolve) => {
        const awake = (): void => {
          clearTimeout(timer)
          sleepers.delete(awake)
          signal.removeEventListener('abort', awake)
          resolve()
        }
        const timer = setTimeout(awake, ms)
        sleepers.add(awake)
        signal.addEventListener('abort', awake, { once: true })
        if (signal.aborted) awake()
      }),
    close: async () => {
      clearTimeout(hint)
      wakeAll()
      await stop()
    },
  }
}
