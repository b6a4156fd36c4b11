/** Lets a few batches be under way at once: a sender waits while too many are unacknowledged. */

export class Window {
  private readonly size: number
  private acknowledged: bigint
  private waiters: (() => void)[] = []

  /** `last`: the number before the first that will be sent. */
  constructor(size: number, last: bigint) {
    this.size = size
    this.acknowledged = last
  }

  ack(number: bigint): void {
    if (number <= this.acknowledged) return
    this.acknowledged = number
    const waiters = this.waiters
    this.waiters = []
    for (const wake of waiters) wake()
  }

  /** Settles when `number` may be sent; rejects when the signal is aborted. */
  async room(number: bigint, signal: AbortSignal): Promise<void> {
    while (number - this.acknowledged > BigInt(this.size)) {
      signal.throwIfAborted()
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          signal.removeEventListener('abort', wake)
          resolve()
        }
        this.waiters.push(wake)
        signal.addEventListener('abort', wake, { once: true })
      })
    }
    signal.throwIfAborted()
  }
}
