/** One request that waits for its answers, and what they amount to. */
import { LdapError, type SearchResult, type SyncItem } from '../../ports.ts'
import { decodeSearchControls } from './controls.ts'
import type { LdapMessage, Result } from './message.ts'
import { decodeSyncInfo, decodeSyncState, syncOids } from './sync.ts'

/** Addresses kept of what a search refers to. */
const maxReferrals = 8

/** What a search yields before its end. */
export type Streamed = Extract<LdapMessage, { type: 'entry' | 'intermediate' }>

export class Operation {
  items: Streamed[] = []
  bytes = 0
  references = 0
  readonly referrals: string[] = []
  end: LdapMessage | undefined
  failure: Error | undefined
  lastHeardMs = performance.now()
  private wake: (() => void) | undefined

  refer(addresses: readonly string[]): void {
    this.references++
    if (this.referrals.length < maxReferrals) this.referrals.push(...addresses)
  }

  notify(): void {
    this.wake?.()
    this.wake = undefined
  }

  changed(): Promise<void> {
    return new Promise((resolve) => {
      this.wake = resolve
    })
  }
}

export const resultOf = (message: LdapMessage): Result | undefined => ('result' in message ? message.result : undefined)

/** Nothing of what carries no sync control or message: it is none of the synchronization. */
export function toSyncItem(item: Streamed): SyncItem[] {
  if (item.type === 'entry') {
    const state = decodeSyncState(item.controls)
    return state ? [{ type: 'entry', entry: item.entry, state }] : []
  }
  return item.name === syncOids.info && item.value ? [{ type: 'info', info: decodeSyncInfo(item.value) }] : []
}

export function searchResult(operation: Operation): SearchResult {
  const end = operation.end!
  const result = resultOf(end)
  if (!result || (result.code !== 0 && result.code !== 10)) {
    throw new LdapError(result?.code ?? 2, result?.message ?? 'the search ended without a result')
  }
  const referrals = [...operation.referrals, ...result.referrals].slice(0, maxReferrals)
  return { code: result.code, references: operation.references, referrals, ...decodeSearchControls(end.controls) }
}
