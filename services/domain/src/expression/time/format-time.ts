/** Writes an instant by a .NET custom format, in UTC and invariant culture. */
import { dayNames, fieldsOf, monthNames, weekday } from './calendar.ts'
import type { FormatPart } from './custom-format.ts'

export function formatTime(ms: number, parts: readonly FormatPart[]): string {
  let text = ''
  for (const part of parts) text += part.type === 'literal' ? part.text : field(ms, part.letter, part.count)
  return text
}

const padded = (value: number, length: number): string => String(value).padStart(length, '0')

function field(ms: number, letter: string, count: number): string {
  const of = fieldsOf(ms)
  const short = Math.min(count, 2)
  switch (letter) {
    case 'y':
      return count <= 2 ? padded(of.year % 100, count) : padded(of.year, count)
    case 'M':
      return named(monthNames, of.month - 1, count) ?? padded(of.month, short)
    case 'd':
      return named(dayNames, weekday(ms), count) ?? padded(of.day, short)
    case 'H':
      return padded(of.hour, short)
    case 'h':
      return padded(of.hour % 12 || 12, short)
    case 'm':
      return padded(of.minute, short)
    case 's':
      return padded(of.second, short)
    case 'f':
      return padded(of.millisecond, 3).padEnd(7, '0').slice(0, count)
    case 'F':
      return padded(of.millisecond, 3).slice(0, count).replace(/0+$/, '')
    case 't':
      return (of.hour < 12 ? 'AM' : 'PM').slice(0, short)
    case 'z':
      return count === 1 ? '+0' : count === 2 ? '+00' : '+00:00'
    default:
      return 'Z'
  }
}

/** Three letters: the short name, four: the whole; undefined below that. */
function named(names: readonly string[], index: number, count: number): string | undefined {
  if (count < 3) return undefined
  return count === 3 ? names[index]!.slice(0, 3) : names[index]!
}
