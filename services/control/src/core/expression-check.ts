/** A first look at an expression, before the mapping engine compiles it: brackets, quotes and function names. */

/** Functions of the mapping language. */
export const expressionFunctions: readonly string[] = [
  'Append',
  'BitAnd',
  'Coalesce',
  'IIF',
  'IsNullOrEmpty',
  'IsPresent',
  'Item',
  'Join',
  'Left',
  'Mid',
  'Not',
  'Replace',
  'Split',
  'Switch',
  'ToLower',
  'ToUpper',
  'Trim',
]

export type ExpressionFinding =
  | { readonly kind: 'syntax'; readonly message: string; readonly position: number }
  | { readonly kind: 'function'; readonly name: string; readonly position: number }

const token = /\s+|"(?:\\.|[^"\\])*"|\[[A-Za-z][\w-]*\]|[A-Za-z]\w*|\d+|&H[0-9A-Fa-f]+|<>|<=|>=|[-(),&=<>]/y

/** The first thing that cannot be right; undefined when nothing is seen. */
export function checkExpression(text: string): ExpressionFinding | undefined {
  if (text.trim() === '') return { kind: 'syntax', message: 'the expression is empty', position: 0 }
  const open: number[] = []
  for (let position = 0; position < text.length; ) {
    token.lastIndex = position
    const found = token.exec(text)?.[0]
    if (found === undefined) return { kind: 'syntax', message: startsWhat(text[position]!), position }
    if (found === '(') open.push(position)
    if (found === ')' && open.pop() === undefined) {
      return { kind: 'syntax', message: 'a bracket is closed that was not opened', position }
    }
    const isName = /^[A-Za-z]/.test(found)
    if (isName && !/^\s*\(/.test(text.slice(position + found.length))) {
      return {
        kind: 'syntax',
        message: `${found} stands alone: write [${found}] for an attribute, "${found}" for text`,
        position,
      }
    }
    if (isName && !expressionFunctions.includes(found)) return { kind: 'function', name: found, position }
    position += found.length
  }
  const unclosed = open.pop()
  return unclosed === undefined ? undefined : { kind: 'syntax', message: 'a bracket is not closed', position: unclosed }
}

function startsWhat(character: string): string {
  if (character === '"') return 'a text is not closed'
  if (character === '[') return 'an attribute is not written as [name]'
  return `the character ${character} is not expected here`
}
