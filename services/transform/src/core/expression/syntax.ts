/** The tree an expression is parsed into. */

export type Comparison = '=' | '<>' | '<' | '>' | '<=' | '>='

export type Expression =
  | { readonly type: 'text'; readonly text: string; readonly position: number }
  | { readonly type: 'number'; readonly value: number; readonly position: number }
  | { readonly type: 'boolean'; readonly value: boolean; readonly position: number }
  /** NULL, and an argument left empty. */
  | { readonly type: 'nothing'; readonly position: number }
  | { readonly type: 'attribute'; readonly name: string; readonly position: number }
  | { readonly type: 'call'; readonly name: string; readonly args: readonly Expression[]; readonly position: number }
  | { readonly type: 'concat'; readonly parts: readonly Expression[]; readonly position: number }
  | {
      readonly type: 'compare'
      readonly by: Comparison
      readonly left: Expression
      readonly right: Expression
      readonly position: number
    }
