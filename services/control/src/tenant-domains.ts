/** Follows the domains that tenants have verified: the first list becomes part of the configuration, a later one waits. */
import { type Channels, type Component, call } from '@canopy/chassis'
import { type configuration, write } from '@canopy/proto'
import { events } from './events.ts'
import type { ConfigurationStore, ObservedDomains } from './ports.ts'

export interface DomainsOptions {
  readonly store: ConfigurationStore
  readonly channels: Channels
  readonly pollMs: number
  /** Until the list is known for the first time. */
  readonly firstPollMs: number
}

const deadlineMs = 20_000

export function followDomains(of: DomainsOptions): Component {
  const stop = new AbortController()
  let loop: Promise<void> | undefined
  const run = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      const isKnown = await look(of).catch(() => false)
      await rest(isKnown ? of.pollMs : of.firstPollMs, stop.signal)
    }
  }
  return {
    name: 'tenant domains',
    start: async () => {
      loop = run()
    },
    stop: async () => {
      stop.abort()
      await loop
    },
  }
}

const rest = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done, { once: true })
    if (signal.aborted) done()
  })

/** True once every target that has domains has said them. A write service that does not answer yet is asked again. */
async function look({ store, channels }: DomainsOptions): Promise<boolean> {
  const active = await store.get(undefined, undefined)
  const targets = active?.targets.filter((target) => target.type === 'graph') ?? []
  let isKnown = active !== undefined
  for (const target of targets) {
    const found = await ask(channels, target.name)
    if (!found) {
      isKnown = false
      continue
    }
    const { changed } = await store.observeDomains(target.name, found)
    if (target.verifiedDomains.length === 0) await store.takeDomains('tenant')
    else if (changed && differs(target, found)) events.domainsChanged({ target: target.name })
  }
  return isKnown
}

async function ask(channels: Channels, target: string): Promise<ObservedDomains | undefined> {
  const client = channels.client('write', write.WriteClient)
  const { domains } = await call(client, 'getTenantDomains', { target }, { deadlineMs })
  const verified = domains.filter((domain) => domain.verified)
  if (verified.length === 0) return undefined
  return {
    verified: verified.map((domain) => domain.name.toLowerCase()).toSorted(),
    initial: verified.find((domain) => domain.initial)?.name.toLowerCase() ?? '',
  }
}

/** Whether a target's list is not the one that its configuration was made with. */
export const differs = (target: configuration.Target, found: ObservedDomains): boolean =>
  target.initialDomain !== found.initial || target.verifiedDomains.join() !== found.verified.join()
