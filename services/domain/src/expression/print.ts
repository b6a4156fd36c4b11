/** Writes a parsed expression as text that parses to the same tree. */
import type { Expression } from './syntax.ts'

/** How tightly an operator binds, loosest first. */
const loosest = 0
const levels = { junctionOr: 1, junctionAnd: 2, compare: 3, concat: 4, sum: 5, product: 6, operand: 7 } as const

export const print = (tree: Expression): string => printed(tree, loosest)

function printed(tree: Expression, around: number): string {
  const level = levelOf(tree)
  const text = plain(tree, level)
  return level < around ? `(${text})` : text
}

function levelOf(tree: Expression): number {
  switch (tree.type) {
    case 'junction':
      return tree.by === '||' ? levels.junctionOr : levels.junctionAnd
    case 'compare':
      return levels.compare
    case 'concat':
      return levels.concat
    case 'calculate':
      return tree.by === '*' ? levels.product : levels.sum
    default:
      return levels.operand
  }
}

function plain(tree: Expression, level: number): string {
  switch (tree.type) {
    case 'text':
      return `"${tree.text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
    case 'number':
      return printedNumber(tree.value)
    case 'boolean':
      return tree.value ? 'True' : 'False'
    case 'nothing':
      return 'NULL'
    case 'omitted':
      return ''
    case 'word':
      return tree.text
    case 'attribute':
      return `[${tree.name}]`
    case 'parameter':
      return `%${tree.name}%`
    case 'variable':
      return `$${tree.name}`
    case 'call':
      return printedCall(tree.name, tree.args)
    case 'concat':
      return tree.parts.map((part) => printed(part, level + 1)).join(' & ')
    case 'compare':
      return `${printed(tree.left, level + 1)} ${tree.by} ${printed(tree.right, level + 1)}`
    case 'calculate':
    case 'junction':
      return `${printed(tree.left, level)} ${tree.by} ${printed(tree.right, level + 1)}`
    default:
      return tree satisfies never
  }
}

/** Without an exponent, which the language does not have. */
function printedNumber(value: number): string {
  const text = String(value)
  return text.includes('e') ? value.toLocaleString('en-US', { useGrouping: false, maximumFractionDigits: 20 }) : text
}

/** A single omitted argument is no argument at all; with more of them, each comma stands. */
const printedCall = (name: string, args: readonly Expression[]): string =>
  `${name}(${args.map((argument) => printed(argument, loosest)).join(', ')})`
