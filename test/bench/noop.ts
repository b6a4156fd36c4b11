/** A full reconcile with nothing to do: the forest is read from the start, the tenant is compared, and nothing is written. */
import { setTimeout as sleep } from 'node:timers/promises'
import { writes } from './cloud-control.ts'
import type { BenchOptions } from './main.ts'
import { startPipeline } from './pipeline.ts'
import { round } from './sync.ts'
import { startWorld } from './world.ts'

export async function noop(options: BenchOptions): Promise<Record<string, unknown>> {
  const world = await startWorld(options)
  try {
    const pipeline = await startPipeline(world, options)
    try {
      await pipeline.inSync()
      const before = await writes(world.cloud)
      options.progress(`in sync after ${before} writes; reading everything again …`)
      const startedMs = performance.now()
      const epochs = await pipeline.epochs()
      await pipeline.ask('POST', '/api/v1/resnapshot', { forest: 'big.lab' })
      await until(async () => (await pipeline.epochs()).some((epoch, i) => epoch > (epochs[i] ?? 0)))
      await until(() => pipeline.equal())
      const forestMs = performance.now() - startedMs
      const tenantMs = performance.now()
      const compared = await pipeline.ask('POST', '/api/v1/reconcile', {})
      return {
        bench: 'noop',
        mode: options.mode,
        users: options.users,
        forestSeconds: round(forestMs / 1000),
        tenantSeconds: round((performance.now() - tenantMs) / 1000),
        compared,
        writes: (await writes(world.cloud)) - before,
        processes: pipeline.figures(),
      }
    } finally {
      await pipeline.close()
    }
  } finally {
    await world.close()
  }
}

async function until(is: () => Promise<boolean>): Promise<void> {
  for (let n = 0; n < 6_000; n++) {
    if (await is()) return
    await sleep(100)
  }
  throw new Error('not reached within ten minutes')
}
