/** canopy expression: works without a running Canopy, the language is the same code that maps. */
import { createInterface } from 'node:readline'
import { type Attempt, attempt, type Dialect, type Outcome, warningsOf } from '@canopy/domain'
import { type Command, type Given, optionText, printJson } from '../command.ts'
import { Problem, usageProblem } from '../problem.ts'
import { clean } from '../table.ts'

export const expression: Command = {
  words: 'expression',
  summary: 'Evaluates an expression of the mapping language on attributes you give; needs no running Canopy',
  positionals: [{ name: 'EXPRESSION', help: 'such as Trim([displayName])', optional: true }],
  options: [
    { name: 'attributes', value: 'JSON', help: 'the object: {"displayName": "Ada", "proxyAddresses": ["SMTP:a@b"]}' },
    {
      name: 'batch',
      help: 'standard input has {"expression", "attributes"} per line; answers {"value"} or {"error"}, in order',
    },
    { name: 'dialect', value: 'D', help: 'provisioning (default) or connect, for functions of one name' },
    { name: 'now', value: 'TIME', help: 'the time Now() gives, ISO 8601 (default: the clock)' },
  ],
  examples: [
    `canopy expression 'Join(" ", [givenName], [sn])' --attributes '{"givenName": "Ada", "sn": "Park"}'`,
    'canopy expression --batch < tries.jsonl',
  ],
  offline: true,
  run: async (given) => {
    const text = given.positionals.EXPRESSION
    const isBatch = given.options.batch === true
    if (isBatch === (text !== undefined)) {
      throw usageProblem('canopy expression wants an EXPRESSION, or --batch', 'canopy expression --help lists both')
    }
    return text === undefined ? await batch(given) : one(given, text)
  },
}

function one(given: Given, text: string): number {
  const attempted: Attempt = {
    expression: text,
    attributes: attributesOf(optionText(given, 'attributes') ?? '{}'),
    ...commonOf(given),
  }
  const outcome = attempt(attempted)
  if (given.json) {
    printJson(given, outcome)
    return 'error' in outcome ? 1 : 0
  }
  if ('error' in outcome) throw problemOf(text, outcome.error)
  for (const { message, position } of warningsOf(text, attempted.dialect)) {
    given.err.line(given.err.paint('yellow', clean(`warning  ${message} (character ${position + 1})`)))
  }
  for (const line of linesOf(given, outcome)) given.out.line(line)
  return 0
}

/** A text as it is, several values a line each. */
function linesOf(given: Given, { value, flow }: Exclude<Outcome, { error: unknown }>): readonly string[] {
  if (flow === 'ignored') return [given.out.paint('dim', '(leaves the flow: the target keeps what it has)')]
  if (value === null || (Array.isArray(value) && value.length === 0)) return [given.out.paint('dim', '(no value)')]
  return (Array.isArray(value) ? value : [String(value)]).map(clean)
}

const problemOf = (text: string, { message, position }: { message: string; position: number }): Problem => {
  const around = `${position > 30 ? '…' : ''}${text.slice(Math.max(0, position - 30), position)}`
  const behind = text.slice(position, position + 30)
  return new Problem({
    code: 'CANOPY-CLI-0009',
    message,
    at: `character ${position + 1}: ${around}»${behind}${position + 30 < text.length ? '…' : ''}`,
    mend: 'services/EXPRESSIONS.md lists the functions',
  })
}

function attributesOf(json: string): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(json)
    if (isRecord(parsed)) return parsed
  } catch {
    // Told below.
  }
  throw usageProblem('--attributes is no JSON object', `such as --attributes '{"displayName": "Ada"}'`)
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function commonOf(given: Given): Pick<Attempt, 'dialect' | 'inputs'> {
  const now = optionText(given, 'now')
  const nowMs = now === undefined ? given.now().getTime() : Date.parse(now)
  if (Number.isNaN(nowMs)) throw usageProblem(`--now does not know ${now}`, 'such as 2026-11-23T15:00:00Z')
  const dialect = optionText(given, 'dialect') ?? 'provisioning'
  if (!isDialect(dialect)) throw usageProblem(`--dialect does not know ${dialect}`, 'provisioning or connect')
  return { dialect, inputs: { nowMs, random: Math.random } }
}

const isDialect = (text: unknown): text is Dialect => text === 'provisioning' || text === 'connect'

/** Every line is answered, one that cannot be read too, so that the answers stay in step. */
async function batch(given: Given): Promise<number> {
  const common = commonOf(given)
  for await (const line of createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (given.signal.aborted) break
    if (line.trim() !== '') printJson(given, answer(line, common))
  }
  return 0
}

function answer(line: string, { dialect, inputs }: Pick<Attempt, 'dialect' | 'inputs'>): Outcome {
  let asked: unknown
  try {
    asked = JSON.parse(line)
  } catch {
    return { error: { message: 'the line is no JSON', position: 0 } }
  }
  if (!isRecord(asked) || typeof asked.expression !== 'string') {
    return { error: { message: 'the line has no "expression"', position: 0 } }
  }
  const { expression: text, attributes = {}, dialect: own = dialect, taken } = asked
  if (!isRecord(attributes)) return { error: { message: '"attributes" is no object', position: 0 } }
  if (!isDialect(own)) return { error: { message: '"dialect" is provisioning or connect', position: 0 } }
  const held = Array.isArray(taken) ? new Set(taken.map(String)) : undefined
  return attempt({
    expression: text,
    attributes,
    dialect: own,
    inputs: held ? { ...inputs, taken: (value) => held.has(value) } : inputs,
  })
}
