/** Evaluates objects again at the time at which what is said of them changes by itself: an account that expires. */
import { type Component, type Context, classify, type RunningStage } from '@canopy/chassis'
import type { change } from '@canopy/proto'
import { type Due, doneDue, dueNow } from './adapters/due.sql.ts'
import type { Config } from './config.ts'
import type { Desk } from './desk.ts'
import { events } from './events.ts'
import { mapBatch } from './mapper.ts'

export interface ClockOptions {
  readonly context: Context<Config>
  readonly desk: Desk
  /** Undefined until there is a configuration. */
  readonly stage: () => RunningStage | undefined
  /** The object as capture has it now; undefined when it is no more. */
  readonly find: (forest: string, guid: string) => Promise<change.DirectoryObject | undefined>
}

const pollMs = 1_000
const batch = 200

/**
 * Every process looks: two that take the same object publish once, since an equal contribution is not published twice, and
 * a newer state of the object wins whoever brings it.
 */
export function clock(of: ClockOptions): Component {
  let timer: NodeJS.Timeout | undefined
  let turn: Promise<void> | undefined
  const look = (): void => {
    turn ??= evaluateDue(of)
      .catch((error: unknown) => {
        const failure = classify(error)
        if (failure.kind !== 'cancelled') of.context.log.warn({ code: failure.code }, 'what is due waits')
      })
      .finally(() => {
        turn = undefined
      })
  }
  return {
    name: 'transform clock',
    start: async () => {
      timer = setInterval(look, pollMs)
    },
    stop: async () => {
      clearInterval(timer)
      await turn
    },
  }
}

export async function evaluateDue({ context, desk, stage, find }: ClockOptions): Promise<void> {
  const running = stage()
  if (!running) return
  const due = await dueNow(context.sql, context.now(), batch)
  if (due.length === 0) return
  const found = await Promise.all(due.map((one) => find(one.forest, one.guid)))
  const records = found.flatMap((object) => (object ? [{ object, headers: {} }] : []))
  const published = await running.publish(async (tx, out) =>
    mapBatch({ tx, out, active: await desk.enter(tx), records, now: context.now() }),
  )
  await doneDue(context.sql, due as Due[])
  events.dueEvaluated({ objects: due.length, published })
}
