/** The functions of the expression language that take values and give one; IIF, Switch and Coalesce are in compile.ts. */
import { isEmpty, isTrue, mapText, toNumber, toText, toTexts, type Value } from './value.ts'

export interface ExpressionFunction {
  readonly min: number
  readonly max: number
  /** An error's text makes the attribute absent with that note. */
  readonly run: (args: readonly Value[]) => Value
}

const fn = (min: number, max: number, run: ExpressionFunction['run']): ExpressionFunction => ({ min, max, run })

const needNumber = (value: Value, what: string): number => {
  const number = toNumber(value)
  if (number === undefined) throw new Error(`${what} is no number`)
  return number
}

/** Values outside 32 bits keep their higher bits; a negative flag word such as groupType reads as its two's complement. */
function bitAnd(left: Value, right: Value): Value {
  const a = toNumber(left)
  const b = toNumber(right)
  if (a === undefined || b === undefined) return undefined
  if (Math.abs(a) < 2 ** 31 && Math.abs(b) < 2 ** 31) return a & b
  return Number(BigInt.asIntN(64, BigInt(Math.trunc(a)) & BigInt(Math.trunc(b))))
}

/**
 * Replace(source, oldValue, regexPattern, regexGroupName, replacementValue, replacementAttribute, template):
 *
 * | given                       | result                                                        |
 * |-----------------------------|---------------------------------------------------------------|
 * | old + replacement           | every old becomes the replacement                             |
 * | old + template              | every old in the template becomes the source                  |
 * | regex + replacement         | every match becomes the replacement; ${group} names a group   |
 * | regex + group + replacement | in every match, the group's text becomes the replacement      |
 */
function replace(args: readonly Value[]): Value {
  const [source, old, pattern, group, replacement, attribute, template] = args
  if (!isEmpty(attribute)) throw new Error('a replacement attribute is not supported')
  if (isEmpty(source)) return source
  const to = toText(replacement) ?? ''
  if (!isEmpty(pattern)) {
    const expression = new RegExp(toText(pattern)!.replaceAll('(?P<', '(?<'), 'g')
    const name = toText(group)
    if (name) return mapText(source, (text) => replaceGroup({ text, expression, name, to }))
    const javaScript = to.replaceAll(/\$\{(\w+)\}/g, '$<$1>')
    return mapText(source, (text) => text.replace(expression, javaScript))
  }
  const from = toText(old)
  if (!from) throw new Error('Replace needs an old value or a pattern')
  if (!isEmpty(template)) return mapText(source, (text) => toText(template)!.replaceAll(from, () => text))
  return mapText(source, (text) => text.replaceAll(from, () => to))
}

function replaceGroup(of: { text: string; expression: RegExp; name: string; to: string }): string {
  return of.text.replace(of.expression, (...match: unknown[]) => {
    const whole = String(match[0])
    const groups = match.at(-1)
    const found = groups && typeof groups === 'object' ? Reflect.get(groups, of.name) : undefined
    return typeof found === 'string' && found !== '' ? whole.replace(found, () => of.to) : whole
  })
}

const split = (source: Value, delimiter: Value): Value => {
  const mark = toText(delimiter)
  if (!mark) throw new Error('Split needs a delimiter')
  return toTexts(source).flatMap((text) => text.split(mark).map((part) => part.trim()))
}

function item(source: Value, index: Value): Value {
  const values = toTexts(source)
  if (values.length === 0) return undefined
  const place = needNumber(index, 'the index of Item')
  const found = values[place - 1]
  if (found === undefined) throw new Error('the index of Item is out of range')
  return found
}

const left = (source: Value, length: Value): Value => {
  const count = needNumber(length, 'the length of Left')
  if (source === undefined) return ''
  return count < 0 ? source : mapText(source, (text) => text.slice(0, count))
}

const mid = (args: readonly Value[]): Value => {
  const start = needNumber(args[1], 'the start of Mid')
  const length = needNumber(args[2], 'the length of Mid')
  if (start < 1 || length < 0) throw new Error('the start of Mid is from 1, its length from 0')
  return mapText(args[0], (text) => text.slice(start - 1, start - 1 + length))
}

export const functions: ReadonlyMap<string, ExpressionFunction> = new Map(
  Object.entries({
    Append: fn(2, 2, ([source, suffix]) => mapText(source, (text) => text + (toText(suffix) ?? ''))),
    BitAnd: fn(2, 2, ([a, b]) => bitAnd(a, b)),
    IsNullOrEmpty: fn(1, 1, ([value]) => isEmpty(value)),
    IsPresent: fn(1, 1, ([value]) => !isEmpty(value)),
    Item: fn(2, 2, ([source, index]) => item(source, index)),
    Join: fn(2, 64, ([mark, ...sources]) => {
      const texts = sources.flatMap(toTexts)
      return texts.length === 0 ? undefined : texts.join(toText(mark) ?? '')
    }),
    Left: fn(2, 2, ([source, length]) => left(source, length)),
    Mid: fn(3, 3, mid),
    Not: fn(1, 1, ([value]) => !isTrue(value)),
    Replace: fn(5, 7, replace),
    Split: fn(2, 2, ([source, delimiter]) => split(source, delimiter)),
    ToLower: fn(1, 2, ([value]) => mapText(value, (text) => text.toLowerCase())),
    ToUpper: fn(1, 2, ([value]) => mapText(value, (text) => text.toUpperCase())),
    Trim: fn(1, 1, ([value]) => mapText(value, (text) => text.trim())),
  }),
)
