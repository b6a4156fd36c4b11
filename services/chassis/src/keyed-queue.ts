/** Work by key: a key waits once however often it is added, runs once at a time, and backs off on its own. */
import { classify, type Failure } from './failure.ts'
import { type Backoff, backoffMs } from './retry.ts'

export interface KeyedQueueOptions<K> {
  /** Brings the state behind a key up to date; throwing puts the key back after its pause. */
  readonly run: (key: K, signal: AbortSignal) => Promise<{ readonly againAfterMs?: number } | undefined>
  /** Keys in work at a time. */
  readonly concurrency: number
  readonly backoff: Backoff
  /** Every failure; a permanent one is not tried again until the key is added anew. */
  readonly onFailure?: (key: K, failure: Failure, attempt: number) => void
  readonly random?: () => number
}

export interface KeyedQueue<K> {
  /** Adds a key; while it runs: it runs once more afterwards. Ends the key's pause. */
  add(key: K): void
  /** Keys that wait, pause or run. */
  readonly size: number
  /** Resolves when nothing waits or runs; keys that pause are not waited for. */
  idle(): Promise<void>
  /** Takes nothing new, aborts the signal, resolves when what runs has ended. */
  close(): Promise<void>
}

interface Entry {
  state: 'ready' | 'running' | 'pausing'
  dirty: boolean
  attempt: number
  timer: NodeJS.Timeout | undefined
}

/** A queue that starts at once. Keys are compared as by Map. */
export function keyedQueue<K>(options: KeyedQueueOptions<K>): KeyedQueue<K> {
  const entries = new Map<K, Entry>()
  const ready: K[] = []
  const abort = new AbortController()
  const waiters: (() => void)[] = []
  let running = 0
  let closed = false

  const settle = (): void => {
    if (running > 0 || (!closed && ready.length > 0)) return
    for (const wake of waiters.splice(0)) wake()
  }

  const makeReady = (key: K, entry: Entry): void => {
    clearTimeout(entry.timer)
    entry.timer = undefined
    entry.state = 'ready'
    ready.push(key)
  }

  const pauseThenReady = (key: K, entry: Entry, pauseMs: number): void => {
    entry.state = 'pausing'
    entry.timer = setTimeout(() => {
      makeReady(key, entry)
      pump()
    }, pauseMs)
  }

  const finish = (key: K, entry: Entry, outcome: { againAfterMs?: number; failure?: Failure }): void => {
    if (closed) entries.delete(key)
    else if (outcome.failure?.kind === 'transient' || outcome.failure?.kind === 'conflict') {
      const own = backoffMs(options.backoff, entry.attempt, options.random)
      if (entry.dirty && outcome.failure.retryAfterMs === undefined) makeReady(key, entry)
      else pauseThenReady(key, entry, Math.max(outcome.failure.retryAfterMs ?? 0, own))
    } else {
      entry.attempt = 0
      if (entry.dirty) makeReady(key, entry)
      else if (outcome.againAfterMs !== undefined) pauseThenReady(key, entry, outcome.againAfterMs)
      else entries.delete(key)
    }
    entry.dirty = false
  }

  const start = async (key: K, entry: Entry): Promise<void> => {
    entry.state = 'running'
    entry.attempt++
    running++
    try {
      finish(key, entry, { againAfterMs: (await options.run(key, abort.signal))?.againAfterMs })
    } catch (error) {
      const failure = classify(error)
      if (failure.kind !== 'cancelled') options.onFailure?.(key, failure, entry.attempt)
      finish(key, entry, { failure })
    } finally {
      running--
      pump()
      settle()
    }
  }

  const pump = (): void => {
    while (!closed && running < options.concurrency && ready.length > 0) {
      const key = ready.shift() as K
      const entry = entries.get(key)
      if (entry?.state === 'ready') void start(key, entry)
    }
  }

  return {
    add: (key) => {
      if (closed) return
      const entry = entries.get(key)
      if (entry === undefined) {
        const fresh: Entry = { state: 'ready', dirty: false, attempt: 0, timer: undefined }
        entries.set(key, fresh)
        ready.push(key)
      } else if (entry.state === 'running') entry.dirty = true
      else if (entry.state === 'pausing') makeReady(key, entry)
      pump()
    },
    get size() {
      return entries.size
    },
    idle: () => (running === 0 && ready.length === 0 ? Promise.resolve() : new Promise((wake) => waiters.push(wake))),
    close: async () => {
      closed = true
      abort.abort()
      for (const entry of entries.values()) clearTimeout(entry.timer)
      if (running > 0) await new Promise<void>((wake) => waiters.push(wake))
      entries.clear()
    },
  }
}
