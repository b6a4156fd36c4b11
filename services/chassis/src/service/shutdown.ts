/** Undoing in reverse what was done: each step once, none skipped because another failed. */
import { classify, type Failure } from '../failure.ts'
import type { Log } from '../telemetry/log.ts'

export interface Shutdown {
  /** To be done at the end, before everything that was added earlier. */
  add(name: string, undo: () => Promise<void> | void): void
  /** Runs what was added; the first failure is returned, the others are logged. The same promise however often called. */
  run(): Promise<Failure | undefined>
}

export function shutdown(log: Log): Shutdown {
  const steps: { name: string; undo: () => Promise<void> | void }[] = []
  let running: Promise<Failure | undefined> | undefined
  const runAll = async (): Promise<Failure | undefined> => {
    let first: Failure | undefined
    for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
      try {
        await step.undo()
      } catch (error) {
        first ??= classify(error)
        log.error({ step: step.name, error }, 'a part did not stop cleanly')
      }
    }
    return first
  }
  return {
    add: (name, undo) => void steps.push({ name, undo }),
    run: () => {
      running ??= runAll()
      return running
    },
  }
}
