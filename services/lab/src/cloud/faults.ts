/** Faults on demand: what goes wrong with the next requests. */

/** A whole HTTP request, or one directory operation, alone or inside a batch. */
export type FaultScope = 'request' | 'operation'

export type Fault =
  | { readonly fault: 'unavailable'; readonly count: number; readonly scope?: FaultScope }
  | {
      readonly fault: 'throttled'
      readonly count: number
      readonly retryAfterSecs: number
      readonly scope?: FaultScope
    }
  /** Write requests are applied and their connection cut before the answer. */
  | { readonly fault: 'dropAfterApplying'; readonly count: number }
  /** The connection of write requests is cut before anything is applied. */
  | { readonly fault: 'dropBeforeApplying'; readonly count: number }
  /** Every answer waits; 0 ends it. */
  | { readonly fault: 'delay'; readonly ms: number }
  /** Every client secret is refused as wrong until it is lifted. */
  | { readonly fault: 'wrongSecret'; readonly on: boolean }
  /** Tokens given out so far are refused. */
  | { readonly fault: 'expireTokens' }
  /** Delta tokens given out so far answer 410. */
  | { readonly fault: 'expireDeltaTokens' }
  | { readonly fault: 'clear' }

export interface CloudFaults {
  /** Sets a fault; counted ones add up. Throws a TypeError for what is not a fault. */
  set(fault: Fault): void
}

export interface Refusal {
  readonly status: 429 | 503
  readonly retryAfterSecs: number | undefined
}

export interface FaultEffects {
  readonly expireTokens: () => void
  readonly expireDeltaTokens: () => void
}

interface Counted {
  left: number
  readonly scope: FaultScope
  readonly refusal: Refusal
}

const isAmount = (value: unknown): boolean => typeof value === 'number' && value >= 0 && Number.isFinite(value)

/** A fault may come from another process, so its shape is checked before it is counted with. */
function checkFault(fault: Fault): void {
  const { count, ms, retryAfterSecs, on, scope } = fault as Partial<Record<string, unknown>>
  const counted =
    Number.isInteger(count) && isAmount(count) && [undefined, 'request', 'operation'].includes(scope as string)
  const valid: Readonly<Record<string, boolean>> = {
    unavailable: counted,
    throttled: counted && isAmount(retryAfterSecs),
    dropBeforeApplying: counted,
    dropAfterApplying: counted,
    delay: isAmount(ms),
    wrongSecret: typeof on === 'boolean',
    expireTokens: true,
    expireDeltaTokens: true,
    clear: true,
  }
  const verdict = valid[fault.fault]
  if (verdict === undefined) throw new TypeError(`Unknown fault; known: ${Object.keys(valid).join(', ')}.`)
  if (!verdict) throw new TypeError(`A number or switch of the fault '${fault.fault}' is wrong or missing.`)
}

export class FaultState implements CloudFaults {
  delayMs = 0
  wrongSecret = false
  readonly #effects: FaultEffects
  #refusals: Counted[] = []
  #dropsBefore = 0
  #dropsAfter = 0

  constructor(effects: FaultEffects) {
    this.#effects = effects
  }

  set(fault: Fault): void {
    checkFault(fault)
    switch (fault.fault) {
      case 'unavailable':
        this.#refuse(fault.count, fault.scope, { status: 503, retryAfterSecs: undefined })
        return
      case 'throttled':
        this.#refuse(fault.count, fault.scope, { status: 429, retryAfterSecs: fault.retryAfterSecs })
        return
      case 'dropBeforeApplying':
        this.#dropsBefore += fault.count
        return
      case 'dropAfterApplying':
        this.#dropsAfter += fault.count
        return
      case 'delay':
        this.delayMs = fault.ms
        return
      case 'wrongSecret':
        this.wrongSecret = fault.on
        return
      case 'expireTokens':
        return this.#effects.expireTokens()
      case 'expireDeltaTokens':
        return this.#effects.expireDeltaTokens()
      case 'clear':
        return this.#clear()
      default:
        fault satisfies never
    }
  }

  #refuse(count: number, scope: FaultScope | undefined, refusal: Refusal): void {
    this.#refusals.push({ left: count, scope: scope ?? 'operation', refusal })
  }

  #clear(): void {
    this.#refusals = []
    this.#dropsBefore = 0
    this.#dropsAfter = 0
    this.delayMs = 0
    this.wrongSecret = false
  }

  /** The refusal due to the next thing of this scope, counted down. */
  refusal(scope: FaultScope): Refusal | undefined {
    if (this.#refusals.length === 0) return undefined
    this.#refusals = this.#refusals.filter((counted) => counted.left > 0)
    const due = this.#refusals.find((counted) => counted.scope === scope)
    if (due === undefined) return undefined
    due.left -= 1
    return due.refusal
  }

  takeDropBefore(): boolean {
    if (this.#dropsBefore === 0) return false
    this.#dropsBefore -= 1
    return true
  }

  takeDropAfter(): boolean {
    if (this.#dropsAfter === 0) return false
    this.#dropsAfter -= 1
    return true
  }
}
