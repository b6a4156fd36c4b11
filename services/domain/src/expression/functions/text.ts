/** Functions on texts. */

import { ignoresCase, isCompareWord, needNumber, needText, needWhole } from '../arguments.ts'
import { checkLength } from '../budget.ts'
import { declare, type ExpressionFunction, type Written } from '../declare.ts'
import { ExpressionFailure } from '../failure.ts'
import { isEmpty, isList, mapText, toText, type Value } from '../value.ts'
import { normalizeDiacritics } from './diacritics.ts'
import { titleCase, titleCaseBetween } from './title-case.ts'

/** For one text without a closure, for several one by one. */
function eachText(source: Value, make: (text: string, a: number, b: number) => string, a: number, b = 0): Value {
  if (isList(source)) return source.map((text) => make(text, a, b))
  return make(toText(source) ?? '', a, b)
}

const leftOf = (text: string, count: number): string => (count < 0 ? text : text.slice(0, count))
const rightOf = (text: string, count: number): string =>
  count < 0 ? text : count === 0 ? '' : text.slice(Math.max(0, text.length - count))
const midOf = (text: string, start: number, count: number): string =>
  start < 1 || count < 0 ? text : text.slice(start - 1, start - 1 + count)

function inStr(args: readonly Value[], fromRight: boolean): number {
  const [where, what, start, compare] = args
  const fold = (text: string): string => (ignoresCase(compare) ? text.toLowerCase() : text)
  const text = fold(toText(where) ?? '')
  const part = fold(toText(what) ?? '')
  if (text === '') return 0
  const from = isEmpty(start) ? undefined : needWhole(start, 'the start')
  if (from !== undefined && from < 1) throw new ExpressionFailure('the start is from 1')
  if (!fromRight) return text.indexOf(part, (from ?? 1) - 1) + 1
  return text.lastIndexOf(part, from === undefined ? text.length : from - part.length) + 1
}

/** Words are what stands between delimiters; neighbouring delimiters make no empty word. */
function word(source: Value, number: Value, delimiters: Value): string {
  const wanted = needNumber(number, 'the number of the word')
  const marks = toText(delimiters) ?? ''
  const text = toText(source) ?? ''
  if (wanted < 1) return ''
  let count = 0
  let start = -1
  for (let at = 0; at <= text.length; at++) {
    const isInside = at < text.length && !marks.includes(text[at]!)
    if (isInside && start < 0) start = at
    if (isInside || start < 0) continue
    if (++count === wanted) return text.slice(start, at)
    start = -1
  }
  return ''
}

function padded(args: readonly Value[], atStart: boolean): Value {
  const [source, length, fill] = args
  const wanted = needWhole(length, 'the length')
  const character = needText(fill, 'the padding')
  checkLength(wanted)
  return mapText(source, (text) => (atStart ? text.padStart(wanted, character) : text.padEnd(wanted, character)))
}

/** "a:b,c:d": a becomes b, c becomes d. */
function replaceChars(source: Value, pairs: Value): Value {
  const map = new Map<string, string>()
  for (const pair of (toText(pairs) ?? '').split(',')) {
    const character = String.fromCodePoint(pair.codePointAt(0) ?? 0)
    if (pair[character.length] === ':') map.set(character, pair.slice(character.length + 1))
  }
  return mapText(source, (text) => {
    let made = ''
    for (const character of text) made += map.get(character) ?? character
    return made
  })
}

function cased(source: Value, culture: Value, upper: boolean): Value {
  if (isEmpty(culture)) return mapText(source, upper ? upperCase : lowerCase)
  const name = toText(culture)!
  try {
    return mapText(source, (text) => (upper ? text.toLocaleUpperCase(name) : text.toLocaleLowerCase(name)))
  } catch {
    throw new ExpressionFailure('there is no such culture')
  }
}

const lowerCase = (text: string): string => text.toLowerCase()
const upperCase = (text: string): string => text.toUpperCase()
const trim = (text: string): string => text.trim()

function checkCulture([, culture]: Written) {
  try {
    if (typeof culture === 'string' && culture !== '') 'a'.toLocaleLowerCase(culture)
    return undefined
  } catch {
    return { argument: 1, message: `${String(culture)} is no culture such as en-US` }
  }
}

const checkCompare = (written: Written) =>
  isCompareWord(written[3]) ? undefined : { argument: 3, message: 'vbTextCompare or vbBinaryCompare was expected' }

export const textFunctions: readonly ExpressionFunction[] = [
  declare({
    is: 'Append(source: text, suffix: text): text',
    from: 'provisioning',
    says: 'The source with the suffix behind it. An absent source stays absent.',
    run: (source, suffix) => mapText(source, (text) => text + (toText(suffix) ?? '')),
  }),
  declare({
    is: 'Prepend(source: text, prefix: text): text',
    from: 'provisioning',
    says: 'The source with the prefix in front of it. An absent source stays absent.',
    run: (source, prefix) => mapText(source, (text) => (toText(prefix) ?? '') + text),
  }),
  declare({
    is: 'InStr(text: text, part: text, start?: number, compare?: text): number',
    says: 'Where the part first stands in the text, from 1; 0 where it does not. Upper and lower case differ unless `vbTextCompare`.',
    run: (...args) => inStr(args, false),
    check: checkCompare,
  }),
  declare({
    is: 'InStrRev(text: text, part: text, start?: number, compare?: text): number',
    from: 'connect',
    says: 'Where the part last stands in the text, from 1; 0 where it does not.',
    run: (...args) => inStr(args, true),
    check: checkCompare,
  }),
  declare({
    is: 'Left(source: text, length: number): text',
    says: 'That many characters from the left. 0 gives an empty text, a negative length the source; an absent source an empty text.',
    run: (source, length) => eachText(source, leftOf, needNumber(length, 'the length of Left')),
  }),
  declare({
    is: 'Right(source: text, length: number): text',
    from: 'connect',
    says: 'That many characters from the right, with the limits of Left.',
    run: (source, length) => eachText(source, rightOf, needNumber(length, 'the length of Right')),
  }),
  declare({
    is: 'Mid(source: text, start: number, length: number): text',
    says: 'That many characters from the start, which counts from 1, to the end at most. A start below 1 or a negative length gives the source, an absent source an empty text.',
    run: (source, start, length) =>
      eachText(source, midOf, needNumber(start, 'the start of Mid'), needNumber(length, 'the length of Mid')),
  }),
  declare({
    is: 'Len(source: text): number',
    from: 'connect',
    says: 'Number of characters; 0 where it is absent.',
    run: (source) => (toText(source) ?? '').length,
  }),
  declare({
    is: 'NormalizeDiacritics(source: text): text',
    from: 'provisioning',
    says: 'Latin letters without their marks: å a, ø oe, ß ss, æ ae, ł l. Other scripts stay as they are.',
    run: (source) => mapText(source, normalizeDiacritics),
  }),
  declare({
    is: 'PCase(source: text, separators?: text): text',
    says: 'Each word with a capital and the rest small. Words are those of .NET’s ToTitleCase; with separators, what stands between them.',
    run: (source, separators) =>
      isEmpty(separators)
        ? mapText(source, titleCase)
        : mapText(source, (text) => titleCaseBetween(text, toText(separators)!)),
  }),
  declare({
    is: 'StripSpaces(source: text): text',
    from: 'provisioning',
    says: 'The source without any space.',
    run: (source) => mapText(source, (text) => text.replaceAll(' ', '')),
  }),
  declare({
    is: 'ToLower(source: text, culture?: text): text',
    from: 'provisioning',
    says: 'Small letters, by the rules of the culture, otherwise of none.',
    run: (source, culture) => cased(source, culture, false),
    check: checkCulture,
  }),
  declare({
    is: 'ToUpper(source: text, culture?: text): text',
    from: 'provisioning',
    says: 'Capital letters, by the rules of the culture, otherwise of none.',
    run: (source, culture) => cased(source, culture, true),
    check: checkCulture,
  }),
  declare({
    is: 'LCase(source: text): text',
    from: 'connect',
    says: 'Small letters.',
    run: (source) => mapText(source, lowerCase),
  }),
  declare({
    is: 'UCase(source: text): text',
    from: 'connect',
    says: 'Capital letters.',
    run: (source) => mapText(source, upperCase),
  }),
  declare({
    is: 'Trim(source: text): text',
    says: 'Without blanks at both ends; each value of several.',
    run: (source) => mapText(source, trim),
  }),
  declare({
    is: 'LTrim(source: text): text',
    from: 'connect',
    says: 'Without blanks in front.',
    run: (source) => mapText(source, (text) => text.trimStart()),
  }),
  declare({
    is: 'RTrim(source: text): text',
    from: 'connect',
    says: 'Without blanks behind.',
    run: (source) => mapText(source, (text) => text.trimEnd()),
  }),
  declare({
    is: 'PadLeft(source: text, length: number, padding: text): text',
    from: 'connect',
    says: 'Filled up with the padding in front to the length.',
    run: (...args) => padded(args, true),
  }),
  declare({
    is: 'PadRight(source: text, length: number, padding: text): text',
    from: 'connect',
    says: 'Filled up with the padding behind to the length.',
    run: (...args) => padded(args, false),
  }),
  declare({
    is: 'ReplaceChars(source: text, pairs: text): text',
    from: 'connect',
    says: 'Each character of the pairs `"a:b,c:d"` by what stands behind its colon; nothing behind it removes the character.',
    run: replaceChars,
  }),
  declare({
    is: 'Word(source: text, number: number, delimiters: text): text',
    says: 'The word of that number, from 1, between any of the delimiters; an empty text where there is none.',
    run: word,
  }),
  declare({
    is: 'Redact(value: any): any',
    from: 'provisioning',
    says: 'The value as it is.',
    run: (value) => value,
  }),
]
