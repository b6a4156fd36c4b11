/**
 * Runs a pattern over a text, first branch first, as .NET does. What failed at a place is remembered, so that the time grows with
 * the text and not with the ways to cut it; `\1` and looking around cannot be remembered and are bounded by the budget alone.
 */
import { spend } from '../budget.ts'
import { sameLetter, wordUnit } from './classes.ts'
import type { Place } from './node.ts'
import type { Program } from './program.ts'

export interface Search {
  readonly program: Program
  readonly text: string
  /** Where the search begins: `\G`. */
  readonly from: number
}

interface Run extends Search {
  readonly slots: Int32Array
  /** Undefined where nothing can be remembered. */
  readonly round: number | undefined
  steps: number
}

/** Entries of the memory, 4 MB; a search that needs more goes without. */
const maxMemory = 1 << 20
const stepsPerSpend = 256

/** One memory for all searches, which never overlap: an entry counts where it holds the number of the search. */
let memory = new Uint32Array(1 << 12)
let lastRound = 0

function nextRound(entries: number): number {
  if (entries > memory.length) {
    memory = new Uint32Array(Math.min(maxMemory, Math.max(entries, memory.length * 2)))
    lastRound = 0
  }
  if (lastRound === 0xffff_ffff) {
    memory.fill(0)
    lastRound = 0
  }
  return ++lastRound
}

/**
 * Start and end of each group, the whole match first, -1 where one did not take part; undefined: no match.
 * Failure: it takes too long.
 */
export function search(of: Search): Int32Array | undefined {
  const { program, text, from } = of
  const entries = program.splits * (text.length + 1)
  const round = program.isMemorable && entries <= maxMemory ? nextRound(entries) : undefined
  const run: Run = { ...of, slots: new Int32Array(program.slots), round, steps: 0 }
  for (let start = from; start <= text.length; start++) {
    run.slots.fill(-1)
    const end = execute(run, { pc: 0, at: start, until: -1, isOuter: true })
    if (end < 0) continue
    run.slots[0] = start
    run.slots[1] = end
    spend(run.steps)
    return run.slots
  }
  spend(run.steps)
  return undefined
}

interface Begin {
  readonly pc: number
  readonly at: number
  /** Where it must end; -1: anywhere. */
  readonly until: number
  /** The memory is the outer run's: inner ones may succeed more than once at the same place. */
  readonly isOuter: boolean
}

/** Where it ends; -1: no match, and the slots are as they were. */
function execute(run: Run, begin: Begin): number {
  const { text, slots } = run
  const { steps } = run.program
  const round = begin.isOuter ? run.round : undefined
  // Three numbers each: where to go on and in the text, or -1 - slot and what it held.
  const stack: number[] = []
  let { pc, at } = begin
  for (;;) {
    if (++run.steps >= stepsPerSpend) {
      spend(run.steps)
      run.steps = 0
    }
    const step = steps[pc]!
    let next = pc + 1
    switch (step.op) {
      case 'unit':
        next = at < text.length && text.charCodeAt(at) === step.unit ? next : -1
        at++
        break
      case 'class':
        next = at < text.length && step.test(text.charCodeAt(at)) ? next : -1
        at++
        break
      case 'jump':
        next = step.to
        break
      case 'split': {
        const key = step.id * (text.length + 1) + at
        if (round !== undefined) {
          if (memory[key] === round) {
            next = -1
            break
          }
          memory[key] = round
        }
        stack.push(step.second, at)
        next = step.first
        break
      }
      case 'save':
      case 'round':
        stack.push(-1 - step.slot, slots[step.slot]!)
        slots[step.slot] = at
        break
      case 'progress':
        if (slots[step.slot] === at) next = step.otherwise
        break
      case 'place':
        next = holds(step.place, run, at) ? next : -1
        break
      case 'back': {
        const end = backReference(run, step.slot, at, step.ignoreCase)
        next = end < 0 ? -1 : next
        at = end
        break
      }
      case 'look': {
        const before = slots.slice()
        const found = look(run, pc + 1, at, step.behind)
        if (step.negative) slots.set(before)
        else restoreLater(stack, before, slots)
        next = found !== step.negative ? step.next : -1
        break
      }
      case 'atomic': {
        const before = slots.slice()
        const end = execute(run, { pc: pc + 1, at, until: -1, isOuter: false })
        restoreLater(stack, before, slots)
        next = end < 0 ? -1 : step.next
        at = end
        break
      }
      case 'done':
        if (begin.until < 0 || at === begin.until) return at
        next = -1
        break
      default:
        step satisfies never
    }
    while (next < 0) {
      if (stack.length === 0) return -1
      const value = stack.pop()!
      const target = stack.pop()!
      if (target < 0) slots[-1 - target] = value
      else {
        next = target
        at = value
      }
    }
    pc = next
  }
}

/** What an inner run captured is undone when the outer one goes back. */
function restoreLater(stack: number[], before: Int32Array, slots: Int32Array): void {
  for (let slot = 0; slot < slots.length; slot++) {
    if (before[slot] !== slots[slot]) stack.push(-1 - slot, before[slot]!)
  }
}

function look(run: Run, pc: number, at: number, behind: boolean): boolean {
  if (!behind) return execute(run, { pc, at, until: -1, isOuter: false }) >= 0
  for (let start = at; start >= 0; start--) {
    if (execute(run, { pc, at: start, until: at, isOuter: false }) >= 0) return true
  }
  return false
}

/** Where the repetition of a group ends; -1 where the group took no part or the text differs. */
function backReference(run: Run, slot: number, at: number, ignoreCase: boolean): number {
  const { text, slots } = run
  const start = slots[slot]!
  const end = slots[slot + 1]!
  if (start < 0 || end < 0) return -1
  for (let n = 0; n < end - start; n++) {
    if (at + n >= text.length) return -1
    const a = text.charCodeAt(start + n)
    const b = text.charCodeAt(at + n)
    if (a !== b && !(ignoreCase && sameLetter(a, b))) return -1
  }
  run.steps += (end - start) >> 3
  return at + end - start
}

function holds(place: Place, { text, from }: Run, at: number): boolean {
  const last = text.length - 1
  switch (place) {
    case 'start':
      return at === 0
    case 'lineStart':
      return at === 0 || text.charCodeAt(at - 1) === 10
    case 'end':
      return at === text.length || (at === last && text.charCodeAt(last) === 10)
    case 'lineEnd':
      return at === text.length || text.charCodeAt(at) === 10
    case 'veryEnd':
      return at === text.length
    case 'here':
      return at === from
    case 'boundary':
    case 'noBoundary': {
      const before = at > 0 && wordUnit(text.charCodeAt(at - 1))
      const after = at < text.length && wordUnit(text.charCodeAt(at))
      return (before !== after) === (place === 'boundary')
    }
    default:
      return place satisfies never
  }
}
