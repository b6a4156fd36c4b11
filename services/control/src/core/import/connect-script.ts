/** Reads the PowerShell script that Entra Connect's rule editor exports. */
import { type ConnectFlow, type ConnectRule, fromConnect, isDefaultExclusion } from './connect-rules.ts'
import type { Imported } from './imported.ts'

interface Statement {
  readonly text: string
  readonly line: number
}

/** Undefined: the text is no such script. */
export function readConnectScript(text: string): Imported | undefined {
  if (!/\bNew-ADSyncRule\b/.test(text)) return undefined
  const rules: { head: Omit<ConnectRule, 'flows' | 'conditions'>; flows: ConnectFlow[]; conditions: string[] }[] = []
  for (const statement of statements(text)) {
    const last = rules.at(-1)
    if (/\bNew-ADSyncRule\b/.test(statement.text)) rules.push({ head: headOf(statement), flows: [], conditions: [] })
    else if (/\bAdd-ADSyncAttributeFlowMapping\b/.test(statement.text)) last?.flows.push(flowOf(statement))
    else if (/\bScopeCondition\b/.test(statement.text)) last?.conditions.push(...conditionOf(statement))
  }
  return fromConnect(rules.map(({ head, flows, conditions }) => ({ ...head, flows, conditions })))
}

/** A line that ends in a backtick goes on in the next. */
function statements(text: string): Statement[] {
  const found: Statement[] = []
  let begun: { text: string; line: number } | undefined
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const isOpen = /`\s*$/.test(line)
    const part = line.replace(/`\s*$/, ' ')
    if (begun) begun.text += part
    else begun = { text: part, line: index + 1 }
    if (isOpen) continue
    found.push(begun)
    begun = undefined
  }
  return begun ? [...found, begun] : found
}

const quoted = /'((?:[^']|'')*)'/g
const unquote = (text: string): string => text.replaceAll("''", "'")

/** The value behind -Name: quoted, the first of a list, or a word. */
function option({ text }: Statement, name: string): string {
  const match = new RegExp(`-${name}\\s+(?:@\\(\\s*)?(?:'((?:[^']|'')*)'|([^\\s'@()]+))`, 'i').exec(text)
  return match ? unquote(match[1] ?? match[2] ?? '') : ''
}

const headOf = (statement: Statement): Omit<ConnectRule, 'flows' | 'conditions'> => ({
  name: option(statement, 'Name'),
  inbound: option(statement, 'Direction') === 'Inbound',
  precedence: Number(option(statement, 'Precedence')) || 0,
  source: option(statement, 'SourceObjectType'),
  line: statement.line,
})

function flowOf(statement: Statement): ConnectFlow {
  const source = option(statement, 'Source')
  const expression = option(statement, 'Expression')
  const type = option(statement, 'FlowType')
  return {
    target: option(statement, 'Destination'),
    source:
      type === 'Expression'
        ? { is: 'expression', text: expression }
        : type === 'Constant'
          ? { is: 'constant', value: source }
          : { is: 'attribute', name: source },
    merge: option(statement, 'ValueMergeType'),
    once: /-ExecuteOnce\b/i.test(statement.text),
    line: statement.line,
  }
}

/** -ArgumentList 'attribute','value','OPERATOR' */
function conditionOf({ text }: Statement): string[] {
  const list = /-ArgumentList\s+(.*)$/i.exec(text)?.[1] ?? ''
  const [attribute = '', value = '', operator = ''] = [...list.matchAll(quoted)].map((match) => unquote(match[1]!))
  return attribute === '' || isDefaultExclusion(attribute) ? [] : [`${attribute} ${operator} ${value}`.trim()]
}
