/** Flattens the tree of a pattern into steps for the matcher. */
import { type Node, PatternProblem, type Place, type Test } from './node.ts'

export type Step =
  | { readonly op: 'unit'; readonly unit: number }
  | { readonly op: 'class'; readonly test: Test }
  /** Tries `first`, then `second`; `id` numbers the splits for the memory of what failed. */
  | { readonly op: 'split'; first: number; second: number; readonly id: number }
  | { readonly op: 'jump'; to: number }
  | { readonly op: 'save'; readonly slot: number }
  /** Remembers where a round of a loop begins. */
  | { readonly op: 'round'; readonly slot: number }
  /** A round that matched nothing is the last. */
  | { readonly op: 'progress'; readonly slot: number; otherwise: number }
  | { readonly op: 'place'; readonly place: Place }
  | { readonly op: 'back'; readonly slot: number; readonly ignoreCase: boolean }
  /** The body follows and ends with `done`. */
  | { readonly op: 'look'; readonly behind: boolean; readonly negative: boolean; next: number }
  | { readonly op: 'atomic'; next: number }
  | { readonly op: 'done' }

export interface Program {
  readonly steps: readonly Step[]
  readonly splits: number
  /** Two per group, the whole match first, then one per loop that may match nothing. */
  readonly slots: number
  /** Without `\1` a place in the pattern and one in the text that failed once fail always. */
  readonly isMemorable: boolean
}

interface Builder {
  readonly steps: Step[]
  splits: number
  slots: number
  hasBack: boolean
}

const maxSteps = 4_000

/** Throws PatternProblem. */
export function program(tree: Node, groups: number): Program {
  const builder: Builder = { steps: [], splits: 0, slots: (groups + 1) * 2, hasBack: false }
  add(builder, tree)
  push(builder, { op: 'done' })
  const { steps, splits, slots } = builder
  return { steps, splits, slots, isMemorable: !builder.hasBack }
}

function push<T extends Step>(builder: Builder, step: T): T {
  if (builder.steps.length >= maxSteps) throw new PatternProblem('the pattern is too large once it is spelled out', 0)
  builder.steps.push(step)
  return step
}

const split = (builder: Builder): Extract<Step, { op: 'split' }> =>
  push(builder, { op: 'split', first: 0, second: 0, id: builder.splits++ })

function add(builder: Builder, node: Node): void {
  const { steps } = builder
  switch (node.type) {
    case 'unit':
      push(builder, { op: 'unit', unit: node.unit })
      return
    case 'class':
      push(builder, { op: 'class', test: node.test })
      return
    case 'sequence':
      for (const part of node.parts) add(builder, part)
      return
    case 'either':
      return addBranches(builder, node.branches)
    case 'repeat':
      return addRepeat(builder, node)
    case 'capture':
      push(builder, { op: 'save', slot: node.group.index * 2 })
      add(builder, node.body)
      push(builder, { op: 'save', slot: node.group.index * 2 + 1 })
      return
    case 'place':
      push(builder, { op: 'place', place: node.place })
      return
    case 'back':
      builder.hasBack = true
      push(builder, { op: 'back', slot: node.group.index * 2, ignoreCase: node.ignoreCase })
      return
    case 'look':
    case 'atomic': {
      const { type } = node
      const step =
        type === 'look'
          ? push(builder, { op: 'look', behind: node.behind, negative: node.negative, next: 0 })
          : push(builder, { op: 'atomic', next: 0 })
      add(builder, node.body)
      push(builder, { op: 'done' })
      step.next = steps.length
      return
    }
    default:
      return node satisfies never
  }
}

function addBranches(builder: Builder, branches: readonly Node[]): void {
  const { steps } = builder
  const jumps: { to: number }[] = []
  for (const [index, branch] of branches.entries()) {
    if (index === branches.length - 1) {
      add(builder, branch)
      break
    }
    const choice = split(builder)
    choice.first = steps.length
    add(builder, branch)
    jumps.push(push(builder, { op: 'jump', to: 0 }))
    choice.second = steps.length
  }
  for (const jump of jumps) jump.to = steps.length
}

function addRepeat(builder: Builder, node: Extract<Node, { type: 'repeat' }>): void {
  const { body, min, max, lazy } = node
  for (let n = 0; n < min; n++) add(builder, body)
  if (max === Infinity) return addLoop(builder, body, lazy)
  const skips: Extract<Step, { op: 'split' }>[] = []
  for (let n = min; n < max; n++) {
    const choice = split(builder)
    skips.push(choice)
    enter(choice, builder.steps.length, lazy)
    add(builder, body)
  }
  for (const choice of skips) leave(choice, builder.steps.length, lazy)
}

function addLoop(builder: Builder, body: Node, lazy: boolean): void {
  const { steps } = builder
  const start = steps.length
  const choice = split(builder)
  enter(choice, steps.length, lazy)
  if (!mayBeEmpty(body)) {
    add(builder, body)
    push(builder, { op: 'jump', to: start })
  } else {
    const slot = builder.slots++
    push(builder, { op: 'round', slot })
    add(builder, body)
    const progress = push(builder, { op: 'progress', slot, otherwise: 0 })
    push(builder, { op: 'jump', to: start })
    progress.otherwise = steps.length
  }
  leave(choice, steps.length, lazy)
}

function enter(choice: { first: number; second: number }, to: number, lazy: boolean): void {
  if (lazy) choice.second = to
  else choice.first = to
}

const leave = (choice: { first: number; second: number }, to: number, lazy: boolean): void => enter(choice, to, !lazy)

function mayBeEmpty(node: Node): boolean {
  switch (node.type) {
    case 'unit':
    case 'class':
      return false
    case 'sequence':
      return node.parts.every(mayBeEmpty)
    case 'either':
      return node.branches.some(mayBeEmpty)
    case 'repeat':
      return node.min === 0 || mayBeEmpty(node.body)
    case 'capture':
    case 'atomic':
      return mayBeEmpty(node.body)
    case 'look':
    case 'back':
    case 'place':
      return true
    default:
      return node satisfies never
  }
}
