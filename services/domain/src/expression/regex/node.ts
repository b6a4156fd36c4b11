/** The tree of a pattern. */

/** Whether one UTF-16 unit belongs to a class. */
export type Test = (unit: number) => boolean

export interface Group {
  /** Undefined for a group known by its number alone. */
  readonly name: string | undefined
  /** Unnamed groups are counted first, as .NET does; named ones follow. 0 until all are known. */
  index: number
}

export type Node =
  | { readonly type: 'unit'; readonly unit: number }
  | { readonly type: 'class'; readonly test: Test }
  | { readonly type: 'sequence'; readonly parts: readonly Node[] }
  | { readonly type: 'either'; readonly branches: readonly Node[] }
  | {
      readonly type: 'repeat'
      readonly body: Node
      readonly min: number
      /** Infinity: without end. */
      readonly max: number
      readonly lazy: boolean
    }
  | { readonly type: 'capture'; readonly group: Group; readonly body: Node }
  | { readonly type: 'look'; readonly behind: boolean; readonly negative: boolean; readonly body: Node }
  | { readonly type: 'atomic'; readonly body: Node }
  | { readonly type: 'back'; readonly group: Group; readonly ignoreCase: boolean }
  | { readonly type: 'place'; readonly place: Place }

/** `end` stands before a last line feed too, as `$` and `\Z` do. */
export type Place = 'start' | 'lineStart' | 'end' | 'lineEnd' | 'veryEnd' | 'boundary' | 'noBoundary' | 'here'

/** What is wrong with a pattern. */
export class PatternProblem extends Error {
  override readonly name = 'PatternProblem'
  /** Characters of the pattern before the place. */
  readonly position: number

  constructor(message: string, position: number) {
    super(message)
    this.position = position
  }
}
