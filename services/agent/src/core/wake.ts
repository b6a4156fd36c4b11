/** A doorbell: several rings before the sleeper looks are one. */

export class Wake {
  private rung = false
  private answer: (() => void) | undefined

  ring(): void {
    this.rung = true
    this.answer?.()
  }

  /** Settles at a ring, after `ms`, or when the signal is aborted, whichever is first. */
  async wait(ms: number, signal: AbortSignal): Promise<void> {
    if (!this.rung && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const done = (): void => {
          clearTimeout(timer)
          signal.removeEventListener('abort', done)
          resolve()
        }
        const timer = setTimeout(done, ms)
        signal.addEventListener('abort', done)
        this.answer = done
      })
    }
    this.answer = undefined
    this.rung = false
  }
}
