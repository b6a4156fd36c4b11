/** Answers expressions that somebody tries, as the RPC has them. */
import { Failure } from '@canopy/chassis'
import { attempt, type Dialect } from '@canopy/domain'
import type { transform as rpc } from '@canopy/proto'

/** Each takes up to 5 ms; more of them belong into several requests. */
const maxAttempts = 1_000

/** Failure CANOPY-TRANSFORM-0004: too many at once, or a dialect that does not exist. */
export function evaluateAll(attempts: readonly rpc.ExpressionAttempt[], now: Date): rpc.ExpressionOutcome[] {
  if (attempts.length > maxAttempts) throw refused(`at most ${maxAttempts} expressions at once`)
  return attempts.map((one) => evaluate(one, now))
}

function evaluate({ expression, attributes, dialect }: rpc.ExpressionAttempt, now: Date): rpc.ExpressionOutcome {
  const outcome = attempt({
    expression,
    attributes: Object.fromEntries(Object.entries(attributes).map(([name, { values }]) => [name, textOrTexts(values)])),
    dialect: dialectOf(dialect),
    inputs: { nowMs: now.getTime(), random: Math.random },
  })
  if ('error' in outcome) {
    const { message, position } = outcome.error
    return { valueJson: '', ignored: false, error: message, position }
  }
  const ignored = outcome.flow === 'ignored'
  return { valueJson: JSON.stringify(outcome.value), ignored, error: '', position: 0 }
}

const textOrTexts = (values: readonly string[]): string | readonly string[] | null =>
  values.length > 1 ? values : (values[0] ?? null)

function dialectOf(name: string): Dialect {
  if (name === '' || name === 'provisioning') return 'provisioning'
  if (name === 'connect') return 'connect'
  throw refused(`there is no dialect ${name}`)
}

const refused = (message: string): Failure => new Failure({ kind: 'permanent', code: 'CANOPY-TRANSFORM-0004', message })
