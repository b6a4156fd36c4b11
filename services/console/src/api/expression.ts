/** POST expression: expressions somebody tries, evaluated by transform. */
import { call } from '@canopy/chassis'
import { transform } from '@canopy/proto'
import { type Asked, badRequest } from '../ports.ts'

export interface ExpressionAnswer {
  readonly outcomes: readonly (
    | { readonly value: unknown; readonly flow?: 'ignored' }
    | { readonly error: { readonly message: string; readonly position: number } }
  )[]
}

/** Body {"attempts": [{"expression", "attributes", "dialect"}]}. Failure CANOPY-CONSOLE-0004: it is something else. */
export async function evaluate(asked: Asked): Promise<ExpressionAnswer> {
  const attempts = attemptsOf(asked.body)
  const client = asked.channels.client('transform', transform.TransformClient)
  const { outcomes } = await call(client, 'evaluateExpressions', { attempts })
  return {
    outcomes: outcomes.map(({ valueJson, ignored, error, position }) => {
      if (valueJson === '') return { error: { message: error, position } }
      const value: unknown = JSON.parse(valueJson)
      return ignored ? { value, flow: 'ignored' } : { value }
    }),
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function attemptsOf(body: unknown): transform.ExpressionAttempt[] {
  const attempts = isRecord(body) ? body.attempts : undefined
  if (!Array.isArray(attempts)) throw badRequest('attempts is a list', 'body.attempts')
  return attempts.map((one: unknown, index) => {
    const at = `body.attempts[${index}]`
    if (!isRecord(one) || typeof one.expression !== 'string') throw badRequest('expression is a text', at)
    const { expression, attributes = {}, dialect = '' } = one
    if (!isRecord(attributes)) throw badRequest('attributes is an object', at)
    if (typeof dialect !== 'string') throw badRequest('dialect is a text', at)
    const texts = Object.entries(attributes).map(([name, value]) => [name, { values: textsOf(value, at) }] as const)
    return { expression, attributes: Object.fromEntries(texts), dialect }
  })
}

/** AD's attributes are texts, so everything is one here. */
function textsOf(value: unknown, at: string): string[] {
  if (value === null || value === undefined) return []
  const all: readonly unknown[] = Array.isArray(value) ? value : [value]
  return all.map((each) => {
    if (typeof each === 'string' || typeof each === 'number' || typeof each === 'boolean') return String(each)
    throw badRequest('an attribute is a text, a number, true, false, null, or a list of them', at)
  })
}
