/** What the gateway's routes are made of. */
import type { ServerResponse } from 'node:http'
import type { Channels } from '@canopy/chassis'
import { Failure } from '@canopy/chassis'

/** Parameters of a request, checked where they are read. */
export class Query {
  readonly #params: URLSearchParams

  constructor(params: URLSearchParams) {
    this.#params = params
  }

  text(name: string): string {
    return this.#params.get(name) ?? ''
  }

  /** Failure CANOPY-CONSOLE-0004 when it is missing. */
  required(name: string): string {
    const value = this.text(name)
    if (value === '') throw badRequest(`the parameter ${name} is missing`, `?${name}=…`)
    return value
  }

  flag(name: string): boolean {
    const value = this.text(name)
    return value === '1' || value === 'true'
  }

  /** A whole number from 0 to `max`; `otherwise` when it is missing. */
  count(name: string, otherwise: number, max: number): number {
    const value = this.text(name)
    if (value === '') return otherwise
    if (!/^\d{1,9}$/.test(value)) throw badRequest(`the parameter ${name} is not a whole number`, `?${name}=20`)
    return Math.min(max, Number(value))
  }

  /** As plain values, the last of each name. */
  entries(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#params)
  }
}

/** What was asked of a route. */
export interface Asked {
  readonly query: Query
  /** Parsed JSON; undefined without a body. */
  readonly body: unknown
  readonly channels: Channels
  readonly now: () => Date
  /** Aborted when the client went away or the process stops. */
  readonly signal: AbortSignal
  readonly lastEventId: string
}

/** `answer` gives what becomes JSON; `stream` writes the response itself once its first await has not thrown. */
export type Route = { readonly method: 'GET' | 'POST'; readonly path: string } & (
  | { readonly answer: (asked: Asked) => Promise<unknown> }
  | { readonly stream: (asked: Asked, response: ServerResponse) => Promise<void> }
)

/** A route that somebody else adds: `path` begins with /api/v1/. */
export interface ExtraRoute {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly handler: (query: Readonly<Record<string, string>>, body: unknown) => Promise<unknown>
}

export const badRequest = (message: string, at?: string, mend?: string): Failure =>
  new Failure({ kind: 'permanent', code: 'CANOPY-CONSOLE-0004', message, at, mend })
