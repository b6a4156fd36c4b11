/** Paged searches that are not at their end, by the opaque cookie the client holds. */
import { randomBytes } from 'node:crypto'
import type { Entry } from '../directory/entry.ts'

export interface PageState {
  readonly candidates: readonly Entry[]
  readonly next: number
}

const kept = 64

export class PageStates {
  readonly #states = new Map<string, PageState>()

  /** The oldest search is forgotten when there are too many. */
  keep(state: PageState): Buffer {
    const cookie = randomBytes(16)
    this.#states.set(cookie.toString('hex'), state)
    for (const oldest of this.#states.keys()) {
      if (this.#states.size <= kept) break
      this.#states.delete(oldest)
    }
    return cookie
  }

  /** Undefined for a cookie that was never given or was given too long ago. */
  take(cookie: Buffer): PageState | undefined {
    const key = cookie.toString('hex')
    const state = this.#states.get(key)
    this.#states.delete(key)
    return state
  }
}
