/** The loop behind intake: opens the barrier, drains what is left for later, lets watermarks go on. */
import { classify } from '@canopy/chassis'
import { readBarrier, readWatermarks } from './adapters/barrier.sql.js'
import { foldTally, hasBacklog } from './adapters/work.sql.js'
import { deriveAgain, resolveAgain } from './again.js'
import { missingForests, step } from './decide.js'
import { events } from './events.js'
export function worker(options) {
  let isStopped = false
  let isWanted = false
  let poke = () => undefined
  let loop
  const pause = () =>
    new Promise((resolve) => {
      if (isWanted || isStopped) return resolve()
      const timer = setTimeout(resolve, options.pollMs)
      poke = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  const run = async () => {
    while (!isStopped) {
      isWanted = false
      try {
        await options.refresh()
        const parts = options.parts()
        if (parts) await drain(options, parts, () => isStopped)
      } catch (error) {
        const { kind, code, message, at } = classify(error)
        if (kind !== 'cancelled') options.log.warn({ code, at }, `resolving interrupted, goes on: ${message}`)
      }
      await pause()
    }
  }
  return {
    name: 'resolve worker',
    start: async () => {
      loop = run()
    },
    stop: async () => {
      isStopped = true
      poke()
      await loop
    },
    wake: () => {
      isWanted = true
      poke()
    },
  }
}
/** Everything there is to do now. Watermarks go on once nothing is left. */
export async function drain(options, parts, isStopped = () => false) {
  const { sql, gate } = options
  const { stage, rules } = parts
  if (!(await pass(options, parts, isStopped))) return
  const publish = (work) => stage.publish((tx, out) => work({ tx, out, rules, gate, now: options.now() }))
  let count = 0
  while (!isStopped() && ((await publish(resolveAgain)) || (await publish(deriveAgain)))) count++
  if (isStopped()) return
  if (count > 0) await foldTally(sql)
  await stage.publish(async (tx, out) => {
    if (!(await hasBacklog(tx))) await stage.releaseWatermarks(tx, out)
  })
}
/** True when the barrier is open. */
async function pass(options, parts, isStopped) {
  const { stage, rules } = parts
  const before = await readBarrier(options.sql)
  if (before.state === 'open') return true
  if (before.state === 'waiting' && missingForests(rules, await readWatermarks(options.sql)).length > 0) return false
  const startedMs = performance.now()
  while (!isStopped()) {
    const state = await stage.publish((tx, out) => step({ tx, out, rules, now: options.now() }))
    if (state === 'blocked') return false
    if (state !== 'open') continue
    events.barrierOpened({ duration: performance.now() - startedMs })
    return true
  }
  return false
}
//# sourceMappingURL=worker.js.map
