/** The published quotas: resource units and writes in token buckets, with the headers a client slows down by. */
import type { GraphRequest } from './request.ts'

export interface Toll {
  readonly units: number
  readonly write: boolean
}

export interface Verdict {
  readonly allowed: boolean
  readonly headers: Readonly<Record<string, string>>
}

export interface Throttle {
  /** Charges a request; refused ones are charged too. */
  charge(toll: Toll, caller: { readonly appId: string; readonly users: number }): Verdict
}

class Bucket {
  readonly name: string
  readonly #capacity: number
  readonly #windowMs: number
  #level = 0
  #atMs: number

  constructor(name: string, limit: { readonly capacity: number; readonly windowMs: number; readonly nowMs: number }) {
    this.name = name
    this.#capacity = limit.capacity
    this.#windowMs = limit.windowMs
    this.#atMs = limit.nowMs
  }

  /** The share of the quota in use after the charge; above 1 the request is refused. */
  charge(amount: number, nowMs: number): number {
    const leaked = ((nowMs - this.#atMs) * this.#capacity) / this.#windowMs
    this.#atMs = nowMs
    this.#level = Math.min(Math.max(0, this.#level - leaked) + amount, this.#capacity * 1.8)
    return this.#level / this.#capacity
  }

  /** Seconds until a request would be allowed again. */
  get retryAfterSecs(): number {
    return Math.max(0.1, ((this.#level - this.#capacity) * this.#windowMs) / this.#capacity / 1000)
  }
}

/** Resource units per 10 s, by the size of the tenant. */
const unitQuota = (users: number): number => (users < 50 ? 3500 : users <= 500 ? 5000 : 8000)

const readCosts: Readonly<Record<string, number>> = { users: 2, applications: 2, subscribedskus: 3 }

/** What a request costs. */
export function tollOf(request: GraphRequest): Toll {
  const { method, segments, query } = request
  const path = segments.map((segment) => segment.toLowerCase())
  const isLookup = path.at(-1)?.endsWith('getbyids') === true
  if (method !== 'GET' && !isLookup) return { units: 1, write: true }
  let units = readCosts[path[0] ?? ''] ?? 1
  if (isLookup || path[2] === 'members') units = 3
  if (path[2] === 'transitivemembers') units = 5
  if (query.select !== undefined) units -= 1
  if (query.expand !== undefined) units += 1
  if (query.top !== undefined && query.top < 20) units -= 1
  return { units: Math.max(1, units), write: false }
}

/** No quota at all, but the headers that say what a request cost. */
export const unlimited: Throttle = {
  charge: (toll) => ({ allowed: true, headers: { 'x-ms-resource-unit': String(toll.units) } }),
}

interface AppBuckets {
  readonly quota: number
  readonly units: Bucket
  readonly writes: Bucket
}

/** Microsoft's published quotas for one tenant. */
export function publishedQuota(tenantId: string, nowMs: () => number): Throttle {
  const apps = new Map<string, AppBuckets>()
  const tenantWrites = new Bucket('Tenant/WriteCount', { capacity: 18_000, windowMs: 300_000, nowMs: nowMs() })
  const bucketsOf = (appId: string, users: number): AppBuckets => {
    const quota = unitQuota(users)
    const known = apps.get(appId)
    if (known?.quota === quota) return known
    const limit = { capacity: quota, windowMs: 10_000, nowMs: nowMs() }
    const writes =
      known?.writes ??
      new Bucket('Application_Tenant/WriteCount', { capacity: 3000, windowMs: 150_000, nowMs: nowMs() })
    const made = { quota, units: new Bucket('Application_Tenant/ResourceUnits', limit), writes }
    apps.set(appId, made)
    return made
  }
  return {
    charge: (toll, caller) => {
      const { units, writes } = bucketsOf(caller.appId, caller.users)
      const now = nowMs()
      const used = [{ bucket: units, share: units.charge(toll.units, now) }]
      if (toll.write) {
        used.push({ bucket: writes, share: writes.charge(1, now) })
        used.push({ bucket: tenantWrites, share: tenantWrites.charge(1, now) })
      }
      const worst = used.reduce((a, b) => (b.share > a.share ? b : a))
      const headers: Record<string, string> = { 'x-ms-resource-unit': String(toll.units) }
      if (worst.share > 0.8) headers['x-ms-throttle-limit-percentage'] = Math.min(1.8, worst.share).toFixed(2)
      if (worst.share <= 1) return { allowed: true, headers }
      headers['retry-after'] = worst.bucket.retryAfterSecs.toFixed(3)
      headers['x-ms-throttle-scope'] = `${worst.bucket.name}/${caller.appId}/${tenantId}`
      headers['x-ms-throttle-information'] = worst.bucket === units ? 'ResourceUnitLimitExceeded' : 'WriteLimitExceeded'
      return { allowed: false, headers }
    },
  }
}
