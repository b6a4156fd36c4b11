/** What can be made to go wrong at a domain controller, at once and on demand. */
import type { Entry } from './directory/entry.ts'

export type ForestFault =
  /** New connections are closed before a byte is answered, and open ones now. */
  | { readonly fault: 'refuse'; readonly on: boolean }
  /** Every open connection is closed now; new ones are welcome. */
  | { readonly fault: 'drop' }
  /** Every request waits this long; 0 ends it. */
  | { readonly fault: 'delay'; readonly ms: number }
  /** Requests are read and never answered. */
  | { readonly fault: 'mute'; readonly on: boolean }
  /** The next searches lose their connection after so many entries. */
  | { readonly fault: 'cut'; readonly afterEntries: number; readonly count: number }
  /** The next searches end with success after so many entries, as if there were no more. */
  | { readonly fault: 'halfAnswer'; readonly afterEntries: number; readonly count: number }
  /** The next searches that bring a cookie are refused with code 12. */
  | { readonly fault: 'badCookie'; readonly count: number }
  /** The next pages of paged searches are empty, with a cookie that goes on. */
  | { readonly fault: 'emptyPage'; readonly count: number }
  /** So many per cent of the people, groups and contacts cannot be read, as after a change of permissions; 0 ends it. */
  | { readonly fault: 'hide'; readonly percent: number }
  /** Nobody sees CN=Deleted Objects. */
  | { readonly fault: 'blind'; readonly on: boolean }
  /** Binds are refused with AD's sub-code: 532, 533, 701, 773 or 775; undefined ends it. */
  | { readonly fault: 'refuseBinds'; readonly data: BindRefusal | undefined }
  /** The controller comes back from an image so many changes old, with its invocationId: USNs are given out twice. */
  | { readonly fault: 'usnRollback'; readonly changes: number }
  | { readonly fault: 'clear' }

/** Password expired, account disabled, account expired, password must change, locked out. */
export type BindRefusal = '532' | '533' | '701' | '773' | '775'

/** What a fault does to the server rather than to the next answer. */
export interface FaultEffects {
  readonly drop: () => void
  readonly rollBack: (changes: number) => void
}

interface Counted {
  readonly entries: number
  left: number
}

const bindRefusals: readonly unknown[] = ['532', '533', '701', '773', '775', undefined]
const isCount = (value: unknown): boolean => typeof value === 'number' && Number.isInteger(value) && value >= 0

/** A fault may come from another process, so its shape is checked before it is obeyed. */
function checkFault(fault: ForestFault): void {
  const { on, ms, afterEntries, count, percent, changes, data } = fault as Partial<Record<string, unknown>>
  const isSwitch = typeof on === 'boolean'
  const valid: Readonly<Record<ForestFault['fault'], boolean>> = {
    refuse: isSwitch,
    drop: true,
    delay: isCount(ms),
    mute: isSwitch,
    cut: isCount(afterEntries) && isCount(count),
    halfAnswer: isCount(afterEntries) && isCount(count),
    badCookie: isCount(count),
    emptyPage: isCount(count),
    hide: isCount(percent) && Number(percent) <= 100,
    blind: isSwitch,
    refuseBinds: bindRefusals.includes(data),
    usnRollback: isCount(changes),
    clear: true,
  }
  const verdict = valid[fault.fault]
  if (verdict === undefined) throw new TypeError(`Unknown fault; known: ${Object.keys(valid).join(', ')}.`)
  if (!verdict) throw new TypeError(`A number or switch of the fault '${fault.fault}' is wrong or missing.`)
}

export class ForestFaults {
  /** New connections are closed before a byte is answered. */
  refuseConnections = false
  /** Every request waits this long. */
  delayMs = 0
  /** Requests are never answered. */
  mute = false
  blind = false
  bindRefusal: BindRefusal | undefined
  /** Entries that are answered without objectGUID, as a directory of another kind would. */
  readonly withoutGuid = new Set<Entry>()
  #hiddenPercent = 0
  #cuts: Counted[] = []
  #halves: Counted[] = []
  #badCookies = 0
  #emptyPages = 0
  #effects: FaultEffects | undefined

  /** Gives the faults a server to strike. */
  attach(effects: FaultEffects): void {
    this.#effects = effects
  }

  /** Sets a fault; counted ones add up. Throws a TypeError for what is not a fault. */
  set(fault: ForestFault): void {
    checkFault(fault)
    switch (fault.fault) {
      case 'refuse':
        this.refuseConnections = fault.on
        if (fault.on) this.#effects?.drop()
        return
      case 'drop':
        return this.#effects?.drop()
      case 'delay':
        this.delayMs = fault.ms
        return
      case 'mute':
        this.mute = fault.on
        return
      case 'cut':
        this.#cuts.push({ entries: fault.afterEntries, left: fault.count })
        return
      case 'halfAnswer':
        this.#halves.push({ entries: fault.afterEntries, left: fault.count })
        return
      case 'badCookie':
        this.#badCookies += fault.count
        return
      case 'emptyPage':
        this.#emptyPages += fault.count
        return
      case 'hide':
        this.#hiddenPercent = fault.percent
        return
      case 'blind':
        this.blind = fault.on
        return
      case 'refuseBinds':
        this.bindRefusal = fault.data
        return
      case 'usnRollback':
        return this.#effects?.rollBack(fault.changes)
      case 'clear':
        return this.clear()
      default:
        fault satisfies never
    }
  }

  /** The next search loses its connection after `entries` entries. */
  cutConnectionAfter(entries: number): void {
    this.set({ fault: 'cut', afterEntries: entries, count: 1 })
  }

  /** The next search ends with success after `entries` entries, as if there were no more. */
  halfAnswerAfter(entries: number): void {
    this.set({ fault: 'halfAnswer', afterEntries: entries, count: 1 })
  }

  /** The next search that brings a cookie is refused with code 12. */
  badCookieOnce(): void {
    this.set({ fault: 'badCookie', count: 1 })
  }

  /** The next page of a paged search is empty, with a cookie that goes on. */
  emptyPageOnce(): void {
    this.set({ fault: 'emptyPage', count: 1 })
  }

  clear(): void {
    this.refuseConnections = false
    this.delayMs = 0
    this.mute = false
    this.blind = false
    this.bindRefusal = undefined
    this.withoutGuid.clear()
    this.#hiddenPercent = 0
    this.#cuts = []
    this.#halves = []
    this.#badCookies = 0
    this.#emptyPages = 0
  }

  /** True for an entry that nobody may read at the moment; the same ones each time for one percentage. */
  hides(entry: Entry): boolean {
    if (this.#hiddenPercent === 0) return false
    const { chain } = entry.objectClass
    if (!chain.includes('person') && !chain.includes('group')) return false
    return (Math.imul(Number.parseInt(entry.guid.slice(-8), 16), 0x9e3779b1) >>> 0) % 100 < this.#hiddenPercent
  }

  /** Limits for a search that begins now; each is counted down once. */
  takeLimits(): { readonly cutAfter: number | undefined; readonly halfAfter: number | undefined } {
    return { cutAfter: take(this.#cuts), halfAfter: take(this.#halves) }
  }

  takeBadCookie(): boolean {
    return this.#badCookies > 0 && this.#badCookies-- > 0
  }

  takeEmptyPage(): boolean {
    return this.#emptyPages > 0 && this.#emptyPages-- > 0
  }
}

function take(counted: Counted[]): number | undefined {
  const next = counted.find((each) => each.left > 0)
  if (next === undefined) return undefined
  next.left--
  return next.entries
}
