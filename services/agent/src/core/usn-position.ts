/**
 * Where a reading by uSNChanged goes on at the server that is connected. USNs mean something to one database alone:
 *
 * | the server is                       | the reading goes on                                                             |
 * | ----------------------------------- | ------------------------------------------------------------------------------- |
 * | the one that was read last          | where it was                                                                    |
 * | one that was read before            | a day before it was left: what its neighbour had not heard of then is told anew |
 * | any other                           | behind its first USN: all it has is told as changes, what it lacks is not gone  |
 * | the last one, and it went back      | from the start                                                                  |
 */
import type { Cursor, Mark, ServerPosition } from './cursor.ts'

type UsnCursor = Extract<Cursor, { dialect: 'usn' }>

export interface UsnState {
  readonly highest: number
  /** Days since 1970 by the clock of the server. */
  readonly day: number
}

export interface HistoryState extends UsnState {
  /** The server no longer has the history that was read of it. */
  readonly wentBack?: boolean
}

/** Servers whose position is kept, and for how long: well below the least life of a tombstone (60 days). */
const maxOthers = 16
const maxDaysAway = 30
const maxMarks = 3

export interface GoingOn {
  /** Undefined: from the start. */
  readonly from: UsnCursor | undefined
  readonly others: readonly ServerPosition[]
}

export function goOn(stored: UsnCursor | undefined, invocationId: string, state: HistoryState): GoingOn {
  const { highest, day, wentBack = false } = state
  if (!stored) return { from: undefined, others: [] }
  const known = stored.others ?? []
  const others = known.filter((each) => each.invocationId !== invocationId)
  if (stored.invocationId === invocationId) {
    // A snapshot under way ends where the server was when it began: less than that, and it went back.
    const lost = wentBack || highest < Math.max(stored.usn, stored.until)
    return { from: lost ? undefined : stored, others }
  }
  const left = leaving(stored)
  const kept = left ? [left, ...others].slice(0, maxOthers) : others
  const back = known.find((each) => each.invocationId === invocationId)
  if (stored.phase !== 'stream') return { from: undefined, others: kept }
  const isGood = back && back.usn <= highest && day - back.day <= maxDaysAway
  const usn = isGood ? back.usn : 0
  return { from: { dialect: 'usn', phase: 'stream', invocationId, usn, until: usn }, others: kept }
}

/** The newest mark that is a day older than the last; undefined for a server that was read for less. */
function leaving({ invocationId, phase, marks = [] }: UsnCursor): ServerPosition | undefined {
  const last = marks.at(-1)
  const mark = last && marks.findLast(({ day }) => day < last.day)
  return phase === 'stream' && mark ? { ...mark, invocationId } : undefined
}

/** How far the server has been read at the first pass of each day. */
export function marked({ phase, usn, marks = [] }: UsnCursor, day: number): readonly Mark[] {
  if (phase !== 'stream' || marks.at(-1)?.day === day) return marks
  return [...marks, { day, usn }].slice(-maxMarks)
}
