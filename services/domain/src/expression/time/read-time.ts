/** Reads a text by a .NET custom format; blanks around it and between its parts do not matter. */
import { dayNames, instant, isInRange, monthNames } from './calendar.ts'
import type { FormatPart } from './custom-format.ts'
import { hourOf, offsetMs } from './parse-time.ts'

interface Found {
  year: number
  month: number
  day: number
  hour: number
  minute: number
  second: number
  millisecond: number
  half: string
  offset: number
}

/** Undefined where the text does not have the format. */
export function readTime(source: string, parts: readonly FormatPart[]): number | undefined {
  const text = source.trim()
  const found: Found = {
    year: 1,
    month: 1,
    day: 1,
    hour: 0,
    minute: 0,
    second: 0,
    millisecond: 0,
    half: '',
    offset: 0,
  }
  let at = 0
  for (const part of parts) {
    const next =
      part.type === 'literal' ? literal(text, at, part.text) : field(text, at, part.letter, part.count, found)
    if (next === undefined) return undefined
    at = next
  }
  if (text.slice(at).trim() !== '') return undefined
  const hour = found.half === '' ? found.hour : hourOf(found.hour, found.half)
  const ms = instant({ ...found, hour })
  return ms !== undefined && isInRange(ms - found.offset) ? ms - found.offset : undefined
}

function literal(text: string, at: number, wanted: string): number | undefined {
  if (wanted.trim() === '') return skipBlanks(text, at)
  const from = text.startsWith(wanted, at) ? at : skipBlanks(text, at)
  return text.startsWith(wanted, from) ? from + wanted.length : undefined
}

function skipBlanks(text: string, at: number): number {
  let next = at
  while (text[next] === ' ' || text[next] === '\t') next++
  return next
}

/** Digits of a field: as many as the format has, one letter: one or two. */
function digits(
  text: string,
  from: number,
  count: number,
): { readonly value: number; readonly at: number } | undefined {
  const most = count === 1 ? 2 : count
  const least = count === 1 ? 1 : count
  let at = from
  while (at < text.length && at - from < most && text[at]! >= '0' && text[at]! <= '9') at++
  return at - from < least ? undefined : { value: Number(text.slice(from, at)), at }
}

function field(text: string, start: number, letter: string, count: number, into: Found): number | undefined {
  const at = letter === 'z' || letter === 'K' ? skipBlanks(text, start) : start
  switch (letter) {
    case 'y':
      return year(text, at, count, into)
    case 'M':
      return count >= 3 ? name(text, at, monthNames, count, setMonth) : number('month')
    case 'd':
      return count >= 3 ? name(text, at, dayNames, count, () => undefined) : number('day')
    case 'H':
    case 'h':
      return number('hour')
    case 'm':
      return number('minute')
    case 's':
      return number('second')
    case 'f':
    case 'F':
      return fraction(text, at, letter === 'f' ? count : 0, count, into)
    case 't':
      return half(text, at, count, into)
    default:
      return zone(text, at, letter, into)
  }
  function setMonth(index: number): void {
    into.month = index + 1
  }
  function number(key: 'month' | 'day' | 'hour' | 'minute' | 'second'): number | undefined {
    const read = digits(text, at, Math.min(count, 2))
    if (read) into[key] = read.value
    return read?.at
  }
}

/** Of two digits, up to 49 are after 2000, as .NET has it. */
function year(text: string, at: number, count: number, into: Found): number | undefined {
  const read = digits(text, at, count <= 2 ? 2 : Math.min(count, 4))
  if (read) into.year = count <= 2 ? read.value + (read.value < 50 ? 2000 : 1900) : read.value
  return read?.at
}

function fraction(text: string, at: number, least: number, most: number, into: Found): number | undefined {
  let end = at
  while (end < text.length && end - at < most && text[end]! >= '0' && text[end]! <= '9') end++
  if (end - at < least) return undefined
  into.millisecond = Math.floor(Number(`0.${text.slice(at, end) || '0'}`) * 1000)
  return end
}

function half(text: string, at: number, count: number, into: Found): number | undefined {
  const word = text.slice(at, at + Math.min(count, 2)).toUpperCase()
  if (word[0] !== 'A' && word[0] !== 'P') return undefined
  if (count >= 2 && word[1] !== 'M') return undefined
  into.half = word[0] === 'A' ? 'am' : 'pm'
  return at + word.length
}

function zone(text: string, at: number, letter: string, into: Found): number | undefined {
  const match = /^(?:Z|[+-]\d{1,2}(?::?\d{2})?)/i.exec(text.slice(at, at + 6))
  if (!match) return letter === 'K' ? at : undefined
  const offset = offsetMs(match[0])
  if (offset === undefined) return undefined
  into.offset = offset
  return at + match[0].length
}

function name(
  text: string,
  at: number,
  names: readonly string[],
  count: number,
  found: (index: number) => void,
): number | undefined {
  for (const [index, full] of names.entries()) {
    const wanted = count === 3 ? full.slice(0, 3) : full
    if (text.slice(at, at + wanted.length).toLowerCase() !== wanted.toLowerCase()) continue
    found(index)
    return at + wanted.length
  }
  return undefined
}
