/** Leases: who may do what belongs to one owner at a time. Time is the database's. */

export interface Lease {
  readonly name: string
  readonly epoch: bigint
  /** performance.now() after which nothing may be started under this lease. */
  readonly deadlineMs: number
}

/** A pool of named leases shared fairly by every live process that joined it. */
export interface LeasePool {
  /** Leases held now. */
  held(): readonly Lease[]
  holds(name: string): Lease | undefined
  /** Gives everything back in order and leaves. */
  close(): Promise<void>
}

export interface LeasePoolOptions {
  readonly pool: string
  readonly names: readonly string[]
  /** Default 6,000 ms. */
  readonly ttlMs?: number
  /** Called when a lease was got; before it the old holder's deadline has passed. */
  readonly onAcquired?: (lease: Lease) => void
  /** Called when a lease was lost or is to be given back; the lease is kept until the promise settles or its deadline passes. */
  readonly onLost?: (lease: Lease) => Promise<void>
}
