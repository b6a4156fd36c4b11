/** Functions on presence, several values and kinds of values. */

import { parseGuid } from '../../guid.ts'
import { ignoresCase, isCompareWord, needText, needWhole } from '../arguments.ts'
import { checkLength, spend } from '../budget.ts'
import { declare, type ExpressionFunction } from '../declare.ts'
import { ExpressionFailure } from '../failure.ts'
import { parseTime } from '../time/parse-time.ts'
import {
  ignored,
  isBinary,
  isEmpty,
  isList,
  isTime,
  isTrue,
  mapText,
  toNumber,
  toText,
  toTexts,
  type Value,
} from '../value.ts'

/** Empty sources are left out, as a documented example shows. */
function join(separator: Value, sources: readonly Value[]): Value {
  const mark = toText(separator) ?? ''
  let made: string | undefined
  for (const source of sources) {
    for (const text of isList(source) ? toTexts(source) : [toText(source) ?? '']) {
      if (text === '') continue
      made = made === undefined ? text : made + mark + text
      checkLength(made.length)
    }
  }
  return made
}

/** Parts are trimmed, as a documented example shows. */
function split(source: Value, delimiter: Value, limit: Value): Value {
  const mark = needText(delimiter, 'the delimiter')
  const most = isEmpty(limit) ? undefined : needWhole(limit, 'the limit of Split')
  const parts = toTexts(source).flatMap((text) => text.split(mark))
  spend(parts.length)
  if (most !== undefined && most > 0 && parts.length > most) {
    const rest = parts.slice(most - 1).join(mark)
    return [...parts.slice(0, most - 1), rest].map((part) => part.trim())
  }
  return parts.map((part) => part.trim())
}

function item(source: Value, index: Value, orNull: boolean): Value {
  const place = needWhole(index, 'the index')
  const found = isList(source) ? source[place - 1] : place === 1 ? toText(source) : undefined
  if (found === undefined && !orNull && !isEmpty(source))
    throw new ExpressionFailure('the index of Item is out of range')
  return found
}

/** The number of the first value that holds the text, from 1; 0: none. */
function contains(source: Value, text: Value, compare: Value): number {
  const fold = (value: string): string => (ignoresCase(compare) ? value.toLowerCase() : value)
  const part = fold(toText(text) ?? '')
  return toTexts(source).findIndex((value) => fold(value).includes(part)) + 1
}

function removeDuplicates(source: Value): Value {
  if (!isList(source)) return source
  const unique = new Set(source)
  return unique.size === source.length ? source : [...unique]
}

/** Numbers other than 0 and "True" are true; nothing, 0 and "False" are not. */
function toBoolean(value: Value): boolean {
  if (typeof value === 'boolean') return value
  if (isEmpty(value)) return false
  const number = toNumber(value)
  if (number !== undefined) return number !== 0
  if (isTrue(value)) return true
  if (toText(value)?.toLowerCase() === 'false') return false
  throw new ExpressionFailure('the value is neither true nor false')
}

function toNumberOrFail(value: Value): Value {
  if (isEmpty(value)) return undefined
  if (typeof value === 'boolean') return value ? 1 : 0
  const number = toNumber(value)
  if (number === undefined) throw new ExpressionFailure('the value is no number')
  return number
}

export const valueFunctions: readonly ExpressionFunction[] = [
  declare({
    is: 'IsNull(value: any): boolean',
    says: 'True where there is no value. An empty text is a value.',
    run: (value) => value === undefined || (isList(value) && value.length === 0),
  }),
  declare({
    is: 'IsNothing(value: any): boolean',
    from: 'provisioning',
    says: 'The same as IsNull.',
    run: (value) => value === undefined || (isList(value) && value.length === 0),
  }),
  declare({
    is: 'IsNullOrEmpty(value: any): boolean',
    says: 'True where there is no value, or an empty text.',
    run: (value) => isEmpty(value),
  }),
  declare({
    is: 'IsEmpty(value: any): boolean',
    from: 'connect',
    says: 'True where there is no value, or an empty text.',
    run: (value) => isEmpty(value),
  }),
  declare({
    is: 'IsPresent(value: any): boolean',
    says: 'True where there is a value that is no empty text.',
    run: (value) => !isEmpty(value),
  }),
  declare({
    is: 'IsString(value: any): boolean',
    says: 'True for texts; not for bytes such as objectGUID, times, numbers and nothing.',
    run: (value) => typeof value === 'string',
  }),
  declare({
    is: 'IsNumeric(value: any): boolean',
    from: 'connect',
    says: 'True for numbers and texts that are one.',
    run: (value) => toNumber(value) !== undefined,
  }),
  declare({
    is: 'IsDate(value: any): boolean',
    from: 'connect',
    says: 'True for times and texts that can be read as one.',
    run: (value) => isTime(value) || (typeof value === 'string' && parseTime(value) !== undefined),
  }),
  declare({
    is: 'IsGuid(value: any): boolean',
    from: 'connect',
    says: 'True for a GUID, with or without braces.',
    run: (value) => parseGuid(toText(value) ?? '') !== undefined,
  }),
  declare({
    is: 'IgnoreFlowIfNullOrEmpty(value: any): any',
    from: 'provisioning',
    says: 'The value; where it is absent or empty the attribute leaves the flow: the target keeps what it has.',
    run: (value) => (isEmpty(value) ? ignored : value),
  }),
  declare({
    is: 'Count(source: any): number',
    from: 'both',
    says: 'Number of values.',
    run: (source) => toTexts(source).length,
  }),
  declare({
    is: 'Item(source: list, index: number): text',
    says: 'The value of that number, from 1. Fails beyond the last; an attribute without values gives none.',
    run: (source, index) => item(source, index, false),
  }),
  declare({
    is: 'ItemOrNull(source: list, index: number): text',
    from: 'connect',
    says: 'The value of that number, from 1, or nothing.',
    run: (source, index) => item(source, index, true),
  }),
  declare({
    is: 'Join(separator: text, ...sources: any): text',
    only: 'provisioning',
    says: 'All values with the separator between them; empty ones are left out. `Join([attribute], "text")`, which would join one constant, is read in Connect’s order.',
    run: (separator, ...sources) => join(separator, sources),
  }),
  declare({
    is: 'Join(source: list, delimiter: text): text',
    only: 'connect',
    says: 'All values with the delimiter between them.',
    run: (source, delimiter) => join(delimiter, [source]),
  }),
  declare({
    is: 'Split(source: text, delimiter: text, limit?: number): list',
    says: 'The parts between the delimiters, without blanks around them; with a limit (Connect) the last part holds the rest.',
    run: split,
  }),
  declare({
    is: 'RemoveDuplicates(source: list): list',
    says: 'Each value once, in order; upper and lower case differ.',
    run: removeDuplicates,
  }),
  declare({
    is: 'Contains(source: list, text: text, compare?: text): number',
    from: 'connect',
    says: 'The number, from 1, of the first value that holds the text; 0 where none does. Upper and lower case differ unless `CaseInsensitive`.',
    run: contains,
    check: (written) =>
      isCompareWord(written[2]) ? undefined : { argument: 2, message: 'CaseSensitive or CaseInsensitive was expected' },
  }),
  declare({
    is: 'Not(value: any): boolean',
    from: 'provisioning',
    says: 'False for "True", true for everything else.',
    run: (value) => !isTrue(value),
  }),
  declare({
    is: 'CBool(value: any): boolean',
    says: 'True for a number other than 0 and "True"; false for 0, "False" and nothing. Fails otherwise.',
    run: toBoolean,
  }),
  declare({
    is: 'CNum(value: any): number',
    from: 'connect',
    says: 'The number a text stands for. Fails where it stands for none.',
    run: toNumberOrFail,
  }),
  declare({
    is: 'CStr(value: any): text',
    says: 'The value as text: numbers, times, True and False, GUID, SID; other bytes as base64.',
    run: (value) => (isList(value) ? value : isBinary(value) ? value.text : mapText(value, (text) => text)),
  }),
  declare({
    is: 'Error(message: text): any',
    says: 'Fails on the object with the message.',
    run: (message) => {
      throw new ExpressionFailure(toText(message) ?? 'Error')
    },
  }),
]
