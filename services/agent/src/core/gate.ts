/** Lets one version of a credential be refused once: never a second attempt, however many partitions and agents use it. */
import type { Trouble } from '../ports.ts'

/** What the hub says of a version, for all agents. */
export type Verdict =
  | { readonly answer: 'go' }
  | { readonly answer: 'wait' }
  | { readonly answer: 'refused'; readonly trouble: Trouble }

/** Asked before an attempt, told after it. */
export interface Arbiter {
  claim(version: string, credential: string): Promise<Verdict>
  settle(version: string, outcome: 'accepted' | 'unknown' | Trouble): void
}

export interface Attempt<T> {
  readonly version: string
  readonly credential: string
  readonly run: () => Promise<T>
  /** What a failure means; undefined: not that the account was refused. */
  readonly refusal: (error: unknown) => Trouble | undefined
}

/** With an arbiter its word counts, and is asked for again after this long. */
const rememberedMs = 1_500
const waitMs = 250

export class CredentialGate {
  /** The hub that arbitrates, while it is attached and can. */
  arbiter: Arbiter | undefined
  private readonly refused = new Map<string, { readonly trouble: Trouble; readonly atMs: number }>()
  private readonly proven = new Set<string>()
  private readonly trying = new Map<string, Promise<unknown>>()
  private readonly nowMs: () => number

  constructor(nowMs: () => number) {
    this.nowMs = nowMs
  }

  /** The refusal that stands against this version. */
  refusal(version: string): Trouble | undefined {
    const known = this.refused.get(version)
    if (known && this.arbiter && this.nowMs() - known.atMs > rememberedMs) this.refused.delete(version)
    return this.refused.get(version)?.trouble
  }

  refuse(version: string, trouble: Trouble): void {
    this.refused.set(version, { trouble, atMs: this.nowMs() })
    this.proven.delete(version)
  }

  /** Runs it alone until one with this version succeeded. Undefined: it was refused, to whomever; see `refusal`. */
  async attempt<T>(attempt: Attempt<T>): Promise<T | undefined> {
    const { version } = attempt
    for (;;) {
      if (this.refusal(version)) return undefined
      if (this.proven.has(version) && !this.arbiter) return this.settled(attempt)
      const other = this.trying.get(version)
      if (!other) break
      await other
    }
    const run = this.arbiter ? this.arbitrated(attempt, this.arbiter) : this.settled(attempt)
    const over = run.then(
      () => undefined,
      () => undefined,
    )
    this.trying.set(version, over)
    try {
      return await run
    } finally {
      this.trying.delete(version)
    }
  }

  private async settled<T>({ version, run, refusal }: Attempt<T>): Promise<T> {
    try {
      const result = await run()
      this.proven.add(version)
      return result
    } catch (error) {
      const trouble = refusal(error)
      if (trouble) this.refuse(version, trouble)
      throw error
    }
  }

  private async arbitrated<T>(attempt: Attempt<T>, arbiter: Arbiter): Promise<T | undefined> {
    const { version, credential, refusal } = attempt
    for (;;) {
      const verdict = await arbiter.claim(version, credential)
      if (verdict.answer === 'go') break
      if (verdict.answer === 'refused') {
        this.refuse(version, verdict.trouble)
        return undefined
      }
      await new Promise((resolve) => setTimeout(resolve, waitMs))
    }
    try {
      const result = await this.settled(attempt)
      arbiter.settle(version, 'accepted')
      return result
    } catch (error) {
      arbiter.settle(version, refusal(error) ?? 'unknown')
      throw error
    }
  }
}
