/** What can be made to go wrong in a forest, at once and on demand. */
import type { Entry } from './directory/entry.ts'

export class ForestFaults {
  /** New connections are closed before a byte is answered. */
  refuseConnections = false
  /** Every request waits this long. */
  delayMs = 0
  /** Entries that are answered without objectGUID, as a directory of another kind would. */
  readonly withoutGuid = new Set<Entry>()
  #cutAfter: number | undefined
  #halfAfter: number | undefined
  #badCookies = 0
  #emptyPages = 0

  /** The next search loses its connection after `entries` entries. */
  cutConnectionAfter(entries: number): void {
    this.#cutAfter = entries
  }

  /** The next search ends with success after `entries` entries, as if there were no more. */
  halfAnswerAfter(entries: number): void {
    this.#halfAfter = entries
  }

  /** The next search that brings a cookie is refused with code 12. */
  badCookieOnce(): void {
    this.#badCookies++
  }

  /** The next page of a paged search is empty, with a cookie that goes on. */
  emptyPageOnce(): void {
    this.#emptyPages++
  }

  clear(): void {
    this.refuseConnections = false
    this.delayMs = 0
    this.withoutGuid.clear()
    this.#cutAfter = undefined
    this.#halfAfter = undefined
    this.#badCookies = 0
    this.#emptyPages = 0
  }

  /** Limits for a search that begins now; each fault strikes once. */
  takeLimits(): { readonly cutAfter: number | undefined; readonly halfAfter: number | undefined } {
    const limits = { cutAfter: this.#cutAfter, halfAfter: this.#halfAfter }
    this.#cutAfter = undefined
    this.#halfAfter = undefined
    return limits
  }

  takeBadCookie(): boolean {
    return this.#badCookies > 0 && this.#badCookies-- > 0
  }

  takeEmptyPage(): boolean {
    return this.#emptyPages > 0 && this.#emptyPages-- > 0
  }
}
