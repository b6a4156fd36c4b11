/** Functions that do not look at every argument, or look at them more than once. */
import { spend } from './budget.ts'
import { declare, type ExpressionFunction, type StaticType } from './declare.ts'
import { ExpressionFailure, located } from './failure.ts'
import { type Context, type Evaluate, type Part, part } from './part.ts'
import { ExpressionProblem } from './problem.ts'
import type { Expression } from './syntax.ts'
import { ignored, isEmpty, isTrue, toText, toTexts, type Value } from './value.ts'

type Call = Extract<Expression, { type: 'call' }>
type Form = (call: Call, context: Context) => Part

const evaluations = (args: readonly Expression[], context: Context): readonly Part[] => args.map(context.part)

/** The type both have. */
const common = (parts: readonly Part[]): StaticType => {
  const [first, ...others] = parts.filter(({ type }) => type !== 'any' || parts.every((each) => each.type === 'any'))
  return first && others.every(({ type }) => type === first.type) ? first.type : 'any'
}

const condition: Form = (call, context) => {
  const [test, then, otherwise] = evaluations(call.args, context) as [Part, Part, Part]
  if (test.type === 'number' || test.type === 'time' || test.type === 'binary') {
    const message = `the condition of IIF is true or false, not a ${test.type}: compare it, such as <> 0`
    throw new ExpressionProblem(message, call.args[0]!.position)
  }
  const [a, b, c] = [test.evaluate, then.evaluate, otherwise.evaluate]
  return part(
    (read, inputs) => (isTrue(a(read, inputs)) ? b(read, inputs) : c(read, inputs)),
    common([then, otherwise]),
  )
}

const presence: ReadonlySet<string> = new Set(['IsPresent', 'IsNull', 'IsNullOrEmpty', 'IsNothing'])

/** Switch(source, default, key1, value1, …): an absent source matches the key "". */
const choice: Form = (call, context) => {
  const [source, ...rest] = call.args
  if (call.args.length % 2 === 1) {
    throw new ExpressionProblem('Switch takes a source, a default, and pairs of key and value', call.position)
  }
  if (source?.type === 'call' && presence.has(source.name)) {
    context.warnings.push({
      message: `Switch compares values: ${source.name} belongs into IIF`,
      position: source.position,
    })
  }
  const from = context.part(source!).evaluate
  const [otherwise, ...pairs] = rest.map((each) => context.part(each).evaluate) as [Evaluate, ...Evaluate[]]
  return part((read, inputs) => {
    const text = toTexts(from(read, inputs))[0] ?? ''
    for (let n = 0; n + 1 < pairs.length; n += 2) {
      if ((toText(pairs[n]!(read, inputs)) ?? '') === text) return pairs[n + 1]!(read, inputs)
    }
    return otherwise(read, inputs)
  }, 'any')
}

/** Switch(condition1, value1, …): the first that is true. */
const firstTrue: Form = (call, context) => {
  if (call.args.length % 2 === 1)
    throw new ExpressionProblem('Switch takes pairs of condition and value', call.position)
  const pairs = evaluations(call.args, context).map(({ evaluate }) => evaluate)
  return part((read, inputs) => {
    for (let n = 0; n + 1 < pairs.length; n += 2) {
      if (isTrue(pairs[n]!(read, inputs))) return pairs[n + 1]!(read, inputs)
    }
    return undefined
  }, 'any')
}

const firstPresent: Form = (call, context) => {
  const parts = evaluations(call.args, context)
  const all = parts.map(({ evaluate }) => evaluate)
  return part((read, inputs) => {
    for (const each of all) {
      const value = each(read, inputs)
      if (!isEmpty(value)) return value
    }
    return undefined
  }, common(parts))
}

const firstFree: Form = (call, context) => {
  const rules = evaluations(call.args, context).map(({ evaluate }) => evaluate)
  return part((read, inputs) => {
    for (const rule of rules) {
      const value = rule(read, inputs)
      const text = toText(value)
      if (text === undefined || text === '') continue
      if (!inputs.taken?.(text)) return value
    }
    throw located(new ExpressionFailure('every value that SelectUniqueValue could take is taken'), call.position)
  }, 'text')
}

function variableName(call: Call): string {
  const [first] = call.args
  if (first?.type !== 'variable') {
    throw new ExpressionProblem(`${call.name} begins with a variable such as $item`, first?.position ?? call.position)
  }
  return first.name.toLowerCase()
}

/** The last argument with the variable in reach. */
function bound(call: Call, context: Context, cell: { value: Value }): Part {
  const name = variableName(call)
  const outer = context.variables.get(name)
  context.variables.set(name, cell)
  const body = context.part(call.args[2]!)
  if (outer) context.variables.set(name, outer)
  else context.variables.delete(name)
  return body
}

const withVariable: Form = (call, context) => {
  const cell: { value: Value } = { value: undefined }
  const from = context.part(call.args[1]!).evaluate
  const body = bound(call, context, cell)
  return part((read, inputs) => {
    cell.value = from(read, inputs)
    return body.evaluate(read, inputs)
  }, body.type)
}

/** `keeps`: the values for which the last argument is true; otherwise what it makes of each. */
const loop =
  (keeps: boolean): Form =>
  (call, context) => {
    const cell: { value: Value } = { value: undefined }
    const from = context.part(call.args[1]!).evaluate
    const { evaluate } = bound(call, context, cell)
    return part((read, inputs) => {
      const made: string[] = []
      for (const item of toTexts(from(read, inputs))) {
        spend(8)
        cell.value = item
        const result = evaluate(read, inputs)
        if (!keeps) made.push(...toTexts(result))
        else if (isTrue(result)) made.push(item)
      }
      return made
    }, 'list')
  }

/** The attribute is named by a text. */
function namedAttribute(call: Call, context: Context): Part {
  const [name] = call.args
  if (name?.type === 'text' && name.text !== '') {
    return context.part({ type: 'attribute', name: name.text, position: name.position })
  }
  if (name?.type === 'attribute') return context.part(name)
  throw new ExpressionProblem(
    `${call.name} takes the name of an attribute, such as "mail"`,
    name?.position ?? call.position,
  )
}

const valueCount: Form = (call, context) => {
  const { evaluate } = namedAttribute(call, context)
  return part((read, inputs) => toTexts(evaluate(read, inputs)).length, 'number')
}

const declared: readonly (readonly [ExpressionFunction, Form])[] = [
  [
    declare({
      is: 'IIF(condition: any, ifTrue~: any, ifFalse~: any): any',
      says: 'One of two values. A comparison with an absent or empty value is false, whatever it compares.',
    }),
    condition,
  ],
  [
    declare({
      is: 'Switch(source: any, default~: any, ...pairs?: any): any',
      only: 'provisioning',
      says: 'The value behind the first key that equals the source, else the default. Upper and lower case differ; an absent source equals the key "".',
    }),
    choice,
  ],
  [
    declare({
      is: 'Switch(condition: any, value: any, ...pairs?: any): any',
      only: 'connect',
      says: 'The value behind the first condition that is true, else nothing.',
    }),
    firstTrue,
  ],
  [
    declare({
      is: 'Coalesce(...sources: any): any',
      from: 'provisioning',
      says: 'The first source that has a value that is no empty text.',
    }),
    firstPresent,
  ],
  [
    declare({
      is: 'SelectUniqueValue(rule: text, ...rules: text): text',
      from: 'provisioning',
      effect: 'uniqueness',
      says: 'The first value no other object of the target has; at the top of an expression, and when the object is created. Fails where all are taken. Mapping does not ask the target: it takes the first value, and who else holds it is decided as a conflict.',
    }),
    firstFree,
  ],
  [
    declare({
      is: 'With(variable: any, value: any, expression: any): any',
      from: 'connect',
      says: 'The expression, with the `$variable` standing for the value.',
    }),
    withVariable,
  ],
  [
    declare({
      is: 'Select(variable: any, source: list, expression: any): list',
      from: 'connect',
      says: 'What the expression makes of each value, which stands in the `$variable`.',
    }),
    loop(false),
  ],
  [
    declare({
      is: 'Where(variable: any, source: list, condition: any): list',
      from: 'connect',
      says: 'The values for which the condition is true; each stands in the `$variable`.',
    }),
    loop(true),
  ],
  [
    declare({
      is: 'ImportedValue(attribute: text): any',
      from: 'connect',
      says: 'The attribute of that name. What is read from a forest is always what the forest has.',
    }),
    (call, context) => namedAttribute(call, context),
  ],
  [
    declare({
      is: 'ValueCount(attribute: text): number',
      from: 'connect',
      says: 'Number of values of the attribute of that name.',
    }),
    valueCount,
  ],
]

export const formFunctions: readonly ExpressionFunction[] = declared.map(([of]) => of)

const forms: ReadonlyMap<ExpressionFunction, Form> = new Map(declared)

export const formOf = (of: ExpressionFunction): Form | undefined => forms.get(of)

/** IgnoreThisFlow and the other words. */
export function wordValue(word: string): Value {
  if (word === 'IgnoreThisFlow') return ignored
  return word === 'CRLF' ? '\r\n' : word
}
