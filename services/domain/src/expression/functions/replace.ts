/**
 * Replace, in the forms its arguments make:
 *
 * | given                                   | result                                                                 |
 * |-----------------------------------------|------------------------------------------------------------------------|
 * | oldValue, replacementValue              | every oldValue becomes the replacement                                 |
 * | oldValue, template                      | every oldValue in the template becomes the source                      |
 * | regexPattern, replacementValue          | every match becomes the replacement; `${name}` and `$1` name groups    |
 * | regexPattern, group, replacementValue   | in every match, what the group took becomes the replacement            |
 * | regexPattern, group, attribute          | the source where it has a value, else what the group takes of the other |
 * | three arguments                         | Connect's (source, old, new)                                           |
 */

import { needText } from '../arguments.ts'
import { checkLength, spend } from '../budget.ts'
import { declare, type ExpressionFunction, type Written } from '../declare.ts'
import { ExpressionFailure } from '../failure.ts'
import { PatternProblem } from '../regex/node.ts'
import { groupText, keptPattern, type Pattern, replaceMatches, replacementBy } from '../regex/pattern.ts'
import { isEmpty, mapText, toText, toTexts, type Value } from '../value.ts'

function patternOf(source: string): Pattern {
  try {
    return keptPattern(source)
  } catch (error) {
    if (!(error instanceof PatternProblem)) throw error
    throw new ExpressionFailure(`the pattern is wrong: ${error.message}`)
  }
}

/** `from` has at least one character. Failure: the result is too long. */
function replaceText(text: string, from: string, to: string): string {
  const parts = text.split(from)
  spend(parts.length)
  if (parts.length === 1) return text
  checkLength(text.length + (parts.length - 1) * (to.length - from.length))
  return parts.join(to)
}

function replace(...args: readonly Value[]): Value {
  const [source, old, regex, group, replacement, attribute, template] = args
  if (!isEmpty(regex)) {
    const pattern = patternOf(toText(regex)!)
    if (isEmpty(group)) return byPattern(source, pattern, replacement)
    return byGroup({ source, pattern, index: groupOf(pattern, toText(group)!), replacement, attribute })
  }
  const from = needText(old, 'the old value')
  if (isEmpty(source)) return source
  if (!isEmpty(template)) return mapText(source, (text) => replaceText(toText(template)!, from, text))
  return mapText(source, (text) => replaceText(text, from, toText(replacement) ?? ''))
}

function byPattern(source: Value, pattern: Pattern, replacement: Value): Value {
  if (isEmpty(source)) return source
  const by = replacementBy(pattern, toText(replacement) ?? '')
  return mapText(source, (text) => replaceMatches({ text, pattern, by }))
}

function groupOf(pattern: Pattern, name: string): number {
  const index = /^\d+$/.test(name) ? Number(name) : pattern.names.get(name)
  if (index === undefined || index > pattern.groups) throw new ExpressionFailure('the pattern has no such group')
  return index
}

function byGroup(of: {
  readonly source: Value
  readonly pattern: Pattern
  readonly index: number
  readonly replacement: Value
  readonly attribute: Value
}): Value {
  const { source, pattern, index } = of
  if (of.attribute !== undefined && of.replacement === undefined) {
    return isEmpty(source) ? captured(of.attribute, pattern, index) : source
  }
  if (isEmpty(source)) return source
  const to = toText(of.replacement) ?? ''
  const by = (slots: Int32Array, text: string): string => {
    const [start, end] = [slots[index * 2]!, slots[index * 2 + 1]!]
    if (start < 0 || end < 0) return text.slice(slots[0], slots[1])
    return text.slice(slots[0], start) + to + text.slice(end, slots[1])
  }
  return mapText(source, (text) => replaceMatches({ text, pattern, by }))
}

/** What the group takes of the first value that matches. */
function captured(attribute: Value, pattern: Pattern, index: number): Value {
  for (const text of toTexts(attribute)) {
    const slots = pattern.search(text, 0)
    const found = slots && groupText(slots, index, text)
    if (found !== undefined) return found
  }
  return undefined
}

const monikers: Readonly<Record<string, string>> = { '\\n': '\n', '\\r': '\r', '\\t': '\t' }

/** Connect writes line ends as \r\n inside of the old value. */
function replaceConnect(source: Value, old: Value, to: Value): Value {
  const from = needText(old, 'the old value').replaceAll(/\\[nrt]/g, (moniker) => monikers[moniker] ?? moniker)
  const put = (toText(to) ?? '').replaceAll(/\\[nrt]/g, (moniker) => monikers[moniker] ?? moniker)
  return mapText(source, (text) => replaceText(text, from, put))
}

function checkReplace(written: Written) {
  const [, old, regex, group] = written
  if (old === '' && regex === undefined) return { argument: 1, message: 'an empty text cannot be replaced' }
  if (typeof regex !== 'string' || regex === '') return undefined
  try {
    const pattern = keptPattern(regex)
    if (typeof group === 'string' && group !== '' && !pattern.names.has(group) && !(Number(group) <= pattern.groups)) {
      return { argument: 3, message: `the pattern has no group ${group}` }
    }
    return undefined
  } catch (error) {
    if (!(error instanceof PatternProblem)) throw error
    return { argument: 2, message: `the pattern is wrong at ${error.position}: ${error.message}` }
  }
}

export const replaceFunctions: readonly ExpressionFunction[] = [
  declare({
    is: 'Replace(source: text, oldValue~: text, regexPattern~: text, regexGroupName~: text, replacementValue~: text, replacementAttributeName?: text, template?: text): text',
    only: 'provisioning',
    says: 'By what is given: oldValue and replacementValue; oldValue and template; regexPattern and replacementValue (groups by `$1` or by name in braces); regexPattern, group and replacementValue; regexPattern, group and attribute (the source where it has a value, else the group’s match in the attribute). With three arguments it is Connect’s (source, old, new). Upper and lower case differ.',
    run: replace,
    check: checkReplace,
  }),
  declare({
    is: 'Replace(source: text, old: text, new: text): text',
    only: 'connect',
    says: 'Every old text becomes the new one; `\\n`, `\\r`, `\\t` are the characters.',
    run: replaceConnect,
  }),
]
