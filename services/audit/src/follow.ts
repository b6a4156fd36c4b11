/** Streams the log as it grows, for as long as somebody listens. */
import { once } from 'node:events'
import { type Sql, toServiceError } from '@canopy/chassis'
import type { audit } from '@canopy/proto'
import { entriesBehind, startOfFollow } from './adapters/query.sql.ts'
import type { Wake } from './wake.ts'

export interface FollowParts {
  readonly sql: Sql
  readonly chains: number
  readonly wake: () => Wake | undefined
  /** Aborted when the process stops. */
  readonly signal: AbortSignal
}

const pollMs = 1_000

type Handler = audit.AuditServer['follow']
type Call = Parameters<Handler>[0]

export function follow(parts: FollowParts): Handler {
  return (call) => {
    const gone = new AbortController()
    call.on('cancelled', () => gone.abort())
    call.on('close', () => gone.abort())
    call.on('error', () => gone.abort())
    const signal = AbortSignal.any([gone.signal, parts.signal])
    stream(call, parts, signal).then(
      () => call.end(),
      (error: unknown) => (signal.aborted ? call.end() : call.destroy(toServiceError(error))),
    )
  }
}

async function stream(call: Call, parts: FollowParts, signal: AbortSignal): Promise<void> {
  const { object, since, limit, after } = call.request
  const { entries, positions } = await startOfFollow(parts.sql, { object, since, limit, after }, parts.chains)
  for (const entry of entries) await send(call, entry, signal)
  while (!signal.aborted) {
    const found = await entriesBehind(parts.sql, { object, since }, positions)
    for (const { entry, chain, offset } of found) {
      await send(call, entry, signal)
      positions.set(chain, offset)
    }
    if (found.length === 0) await parts.wake()?.next(pollMs, signal)
  }
}

async function send(call: Call, entry: audit.AuditEntry, signal: AbortSignal): Promise<void> {
  if (signal.aborted || call.write(entry)) return
  await once(call, 'drain', { signal }).catch(() => undefined)
}
