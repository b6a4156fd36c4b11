/** The tree an expression is parsed into. */

export type Comparison = '=' | '<>' | '<' | '>' | '<=' | '>='
export type Arithmetic = '+' | '-' | '*'
export type Junction = '&&' | '||'

export type Expression =
  | { readonly type: 'text'; readonly text: string; readonly position: number }
  | { readonly type: 'number'; readonly value: number; readonly position: number }
  | { readonly type: 'boolean'; readonly value: boolean; readonly position: number }
  /** NULL, AuthoritativeNull. */
  | { readonly type: 'nothing'; readonly position: number }
  /** An argument left empty. */
  | { readonly type: 'omitted'; readonly position: number }
  /** vbTextCompare, UTF8, CRLF, IgnoreThisFlow: a word of the language. */
  | { readonly type: 'word'; readonly text: string; readonly position: number }
  | { readonly type: 'attribute'; readonly name: string; readonly position: number }
  /** %Domain.FQDN%, without the signs. */
  | { readonly type: 'parameter'; readonly name: string; readonly position: number }
  /** $item, without the sign. */
  | { readonly type: 'variable'; readonly name: string; readonly position: number }
  | { readonly type: 'call'; readonly name: string; readonly args: readonly Expression[]; readonly position: number }
  | { readonly type: 'concat'; readonly parts: readonly Expression[]; readonly position: number }
  | Operation<'compare', Comparison>
  | Operation<'calculate', Arithmetic>
  | Operation<'junction', Junction>

export interface Operation<Type extends string, By extends string> {
  readonly type: Type
  readonly by: By
  readonly left: Expression
  readonly right: Expression
  readonly position: number
}

/** Words of the language other than TRUE, FALSE and NULL, as they are written. */
export const words: readonly string[] = [
  'vbTextCompare',
  'vbBinaryCompare',
  'CaseSensitive',
  'CaseInsensitive',
  'Unicode',
  'UTF8',
  'UTF7',
  'UTF32',
  'ASCII',
  'CRLF',
  'IgnoreThisFlow',
]
