/** Answers CountScope: pages through what capture has of each forest, and counts. */
import type { CallContext } from '@canopy/chassis'
import type { transform as rpc } from '@canopy/proto'
import type { AskPage } from './adapters/capture.ts'
import type { Configured } from './core/configured.ts'
import type { Bound } from './core/scope.ts'
import { ScopeCount } from './core/scope-count.ts'

/** Kept for the answer to travel: what was counted by then is told. */
const reserveMs = 1_000

export interface CountParts {
  readonly config: Configured
  readonly bound: (forest: string) => Promise<Bound>
  readonly page: AskPage
  readonly call: Pick<CallContext, 'signal' | 'deadlineMs'>
  /** Milliseconds since the epoch. */
  readonly nowMs: () => number
}

/** One page is in memory at a time. */
export async function countScope(of: CountParts): Promise<rpc.ForestScopeCount[]> {
  const counts: rpc.ForestScopeCount[] = []
  for (const forest of of.config.forests) counts.push(await countForest(of, forest))
  return counts
}

async function countForest(of: CountParts, forest: string): Promise<rpc.ForestScopeCount> {
  const { call } = of
  const count = new ScopeCount({ forest, config: of.config, bound: await of.bound(forest) })
  let after: string | undefined = ''
  while (after !== undefined) {
    if (of.nowMs() > call.deadlineMs - reserveMs) return count.result(true)
    const { objects, next } = await of.page(forest, after, call.signal)
    for (const object of objects) count.add(object)
    after = next
  }
  return count.result(false)
}
