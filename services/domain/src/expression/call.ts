/** Compiles the call of a function: finds it, checks its arguments, and closes over them without an array where it can. */
import { checkLength, spend } from './budget.ts'
import { arity, type ExpressionFunction, type Parameter, signature } from './declare.ts'
import { located } from './failure.ts'
import { formOf } from './forms.ts'
import { functionFor, functionNames, refusedFunctions } from './functions.ts'
import { nearestWord } from './nearest.ts'
import { type Context, type Evaluate, type Part, part } from './part.ts'
import { ExpressionProblem } from './problem.ts'
import type { Expression } from './syntax.ts'
import { parseTime } from './time/parse-time.ts'
import { toNumber, type Value } from './value.ts'

type Call = Extract<Expression, { type: 'call' }>

/** Throws ExpressionProblem. */
export function callPart(tree: Call, context: Context): Part {
  const of = functionFor(tree.name, tree.args, context.dialect) ?? unknown(tree)
  checkCount(tree, of)
  if (of.effect) context.effects.add(of.effect)
  const form = formOf(of)
  if (form) {
    checkOmitted(tree, of)
    return form(tree, context)
  }
  const args = tree.args.map(context.part)
  checkOmitted(tree, of)
  checkTypes(tree, of, args)
  return part(closure(of, args, tree.position), of.returns)
}

function unknown({ name, position }: Call): never {
  const refused = refusedFunctions.get(name)
  if (refused) throw new ExpressionProblem(`${name} is not supported: ${refused}`, position)
  const near = nearestWord(name, functionNames)
  if (near?.toLowerCase() === name.toLowerCase()) {
    throw new ExpressionProblem(`there is no function ${name}: it is written ${near}`, position, near)
  }
  const hint = near ? `: was ${near} meant?` : ''
  throw new ExpressionProblem(`there is no function ${name}${hint}`, position, near)
}

function checkCount(tree: Call, of: ExpressionFunction): void {
  const { least, most } = arity(of)
  const count = tree.args.length
  if (count >= least && count <= most) return
  const wanted = least === most ? `${least}` : `${least} to ${most}`
  throw new ExpressionProblem(`${tree.name} takes ${wanted} arguments, not ${count}: ${signature(of)}`, tree.position)
}

const parameterAt = ({ parameters }: ExpressionFunction, index: number): Parameter | undefined =>
  parameters[Math.min(index, parameters.length - 1)]

function checkOmitted(tree: Call, of: ExpressionFunction): void {
  for (const [index, argument] of tree.args.entries()) {
    const parameter = parameterAt(of, index)
    if (argument.type !== 'omitted' || !parameter || parameter.omittable || parameter.rest) continue
    throw new ExpressionProblem(`${parameter.name} of ${of.name} is missing`, argument.position)
  }
}

function checkTypes(tree: Call, of: ExpressionFunction, args: readonly Part[]): void {
  for (const [index, argument] of args.entries()) {
    const parameter = parameterAt(of, index)
    const problem = parameter && mismatch(parameter, argument)
    if (problem) throw new ExpressionProblem(`${parameter.name} of ${of.name} ${problem}`, tree.args[index]!.position)
  }
  const found = of.check?.(
    args.map(({ written }) => written),
    args.length,
  )
  if (!found) return
  const place = tree.args[found.argument]?.position ?? tree.position
  throw new ExpressionProblem(`${of.name}: ${found.message}`, place)
}

/** Only what can never fit: a text may hold a number or a time. */
function mismatch({ type }: Parameter, { type: given, written }: Part): string | undefined {
  switch (type) {
    case 'number':
      if (given === 'boolean' || given === 'time' || given === 'binary') return `is a number, not ${aOf(given)}`
      if (typeof written === 'string' && toNumber(written) === undefined) return `is a number, not "${shown(written)}"`
      return undefined
    case 'time':
      if (given === 'number' || given === 'boolean' || given === 'binary') return `is a time, not ${aOf(given)}`
      if (typeof written === 'string' && parseTime(written) === undefined) return `is a time, not "${shown(written)}"`
      return undefined
    default:
      return undefined
  }
}

const aOf = (type: string): string => (type === 'boolean' ? 'a truth value' : type === 'binary' ? 'bytes' : `a ${type}`)

const shown = (text: string): string => (text.length > 20 ? `${text.slice(0, 20)}…` : text)

/** Long results count against the budget of the evaluation. */
function bounded(value: Value): Value {
  if (typeof value === 'string') {
    if (value.length > 1_024) checkLength(value.length)
  } else if (Array.isArray(value)) {
    spend(value.length)
  }
  return value
}

function closure(of: ExpressionFunction, args: readonly Part[], position: number): Evaluate {
  const evaluations = args.map(({ evaluate }) => evaluate)
  const { run, runWith } = of
  if (!run) {
    return (read, inputs) => {
      try {
        return bounded(runWith!(inputs, ...evaluations.map((each) => each(read, inputs))))
      } catch (error) {
        throw located(error, position)
      }
    }
  }
  const [a, b, c] = evaluations
  const inner = innermost(run, evaluations, a, b, c)
  return (read, inputs) => {
    try {
      return bounded(inner(read, inputs))
    } catch (error) {
      throw located(error, position)
    }
  }
}

function innermost(
  run: NonNullable<ExpressionFunction['run']>,
  all: readonly Evaluate[],
  a: Evaluate | undefined,
  b: Evaluate | undefined,
  c: Evaluate | undefined,
): Evaluate {
  if (all.length === 1 && a) return (read, inputs) => run(a(read, inputs))
  if (all.length === 2 && a && b) return (read, inputs) => run(a(read, inputs), b(read, inputs))
  if (all.length === 3 && a && b && c) return (read, inputs) => run(a(read, inputs), b(read, inputs), c(read, inputs))
  return (read, inputs) => run(...all.map((each) => each(read, inputs)))
}
