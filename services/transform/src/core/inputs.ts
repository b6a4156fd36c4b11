/** Time and chance for the expressions of a rule: given by the object and its rule, so that the same object says the same. */
import type { Inputs } from '@canopy/domain'
import type { change } from '@canopy/proto'

/** Draws numbers from 0 to below 1, the same ones for the same key; nobody outside can foresee them. */
export type Chance = (key: string) => () => number

/** Minutes of the day, UTC, ascending, at which Now() moves on. */
export type Moves = readonly number[]

const minuteMs = 60_000
const dayMs = 1_440 * minuteMs

/** "02:00,14:30"; anything else in it is left out: configurations are checked before. */
export function movesOf(text: string): Moves {
  const minutes = text.split(',').flatMap((part) => {
    const match = /^(\d{2}):(\d{2})$/.exec(part.trim())
    return match ? [Number(match[1]) * 60 + Number(match[2])] : []
  })
  return minutes.toSorted((a, b) => a - b)
}

/** The last time it moved. */
function lastMoveMs(moves: Moves, nowMs: number): number {
  const midnightMs = Math.floor(nowMs / dayMs) * dayMs
  const passed = moves.findLast((minute) => midnightMs + minute * minuteMs <= nowMs)
  return passed === undefined ? midnightMs - dayMs + moves.at(-1)! * minuteMs : midnightMs + passed * minuteMs
}

/** The next time it moves; undefined where it never does. */
export function nextMove(moves: Moves, now: Date): Date | undefined {
  const [first] = moves
  if (first === undefined) return undefined
  const midnightMs = Math.floor(now.getTime() / dayMs) * dayMs
  const coming = moves.find((minute) => midnightMs + minute * minuteMs > now.getTime())
  return new Date(coming === undefined ? midnightMs + dayMs + first * minuteMs : midnightMs + coming * minuteMs)
}

/** Without a plan Now() is the time the object was observed. */
export function inputsOf(of: {
  readonly rule: { readonly name: string; readonly moves: Moves }
  readonly object: change.DirectoryObject
  readonly now: Date
  readonly chance: Chance | undefined
}): Inputs {
  const { rule, object, now, chance } = of
  const observed = object.source?.observedAt ?? now
  const nowMs = rule.moves.length > 0 ? lastMoveMs(rule.moves, now.getTime()) : observed.getTime()
  return chance ? { nowMs, random: chance(`${object.forest}/${object.guid}/${rule.name}`) } : { nowMs }
}
