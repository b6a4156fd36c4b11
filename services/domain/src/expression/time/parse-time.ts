/**
 * Reads the times people and directories write, as UTC; what names no zone is UTC.
 *
 * | form                                  | example                     |
 * |---------------------------------------|-----------------------------|
 * | year-month-day, time, zone            | 2021-06-30T01:45:30-07:00   |
 * | the same without a time, with a zone  | 2020-03-16-07:00            |
 * | hours alone as zone, AM and PM        | 2013-01-10 4:00 PM -8       |
 * | month/day/year                        | 8/25/2021 5:41:18 PM        |
 * | day or month by name                  | 16 March 2020, Mar 16, 2020 |
 * | Active Directory's generalized time   | 20150123105347.0Z           |
 */
import { type Fields, instant, isInRange, monthNames } from './calendar.ts'

const clock = String.raw`(?:(?:T|\s+)(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(?:\s*([AaPp][Mm]))?)?`
const zone = String.raw`(?:\s*(Z|[+-]\d{1,2}(?::?\d{2})?))?`
const yearFirst = new RegExp(`^(\\d{4})-(\\d{1,2})-(\\d{1,2})${clock}${zone}$`, 'i')
const monthFirst = new RegExp(`^(\\d{1,2})/(\\d{1,2})/(\\d{4})${clock}${zone}$`, 'i')
const dayNamed = new RegExp(`^(?:[a-z]{3,9}, )?(\\d{1,2}) ([a-z]{3,9}),? (\\d{4})${clock}(?:\\s*GMT)?${zone}$`, 'i')
const monthNamed = new RegExp(`^(?:[a-z]{3,9}, )?([a-z]{3,9}) (\\d{1,2}),? (\\d{4})${clock}${zone}$`, 'i')
const generalized = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:[.,](\d{1,9}))?(Z)$/

const longest = 64

/** Milliseconds since 1970; undefined where the text is no time. */
export function parseTime(text: string): number | undefined {
  const trimmed = text.trim()
  if (trimmed.length > longest) return undefined
  const iso = yearFirst.exec(trimmed)
  if (iso) return assembled({ year: iso[1], month: iso[2], day: iso[3] }, iso.slice(4))
  const us = monthFirst.exec(trimmed)
  if (us) return assembled({ year: us[3], month: us[1], day: us[2] }, us.slice(4))
  const stamp = generalized.exec(trimmed)
  if (stamp) {
    const [, year, month, day, hour, minute, second, fraction, utc] = stamp
    return assembled({ year, month, day }, [hour, minute, second, fraction, undefined, utc])
  }
  const spelled = dayNamed.exec(trimmed)
  if (spelled) return assembled({ year: spelled[3], month: monthOf(spelled[2]), day: spelled[1] }, spelled.slice(4))
  const american = monthNamed.exec(trimmed)
  if (american) {
    return assembled({ year: american[3], month: monthOf(american[1]), day: american[2] }, american.slice(4))
  }
  return undefined
}

/** Full or of three letters; "0" where there is none. */
function monthOf(name: string | undefined): string {
  const lower = name?.toLowerCase() ?? ''
  const index = monthNames.findIndex((each) => each.toLowerCase() === lower || each.slice(0, 3).toLowerCase() === lower)
  return String(index + 1)
}

type Part = string | undefined

function assembled(
  date: { readonly year: Part; readonly month: Part; readonly day: Part },
  [hour, minute, second, fraction, half, zoneText]: readonly Part[],
): number | undefined {
  const fields: Fields = {
    year: Number(date.year),
    month: Number(date.month),
    day: Number(date.day),
    hour: half === undefined ? Number(hour ?? 0) : hourOf(Number(hour), half),
    minute: Number(minute ?? 0),
    second: Number(second ?? 0),
    millisecond: Math.floor(Number(`0.${fraction ?? '0'}`) * 1000),
  }
  const offset = zoneText === undefined ? 0 : offsetMs(zoneText)
  const ms = instant(fields)
  if (ms === undefined || offset === undefined) return undefined
  return isInRange(ms - offset) ? ms - offset : undefined
}

/** 99, which no day has, where the hour does not fit AM or PM. */
export const hourOf = (hour: number, half: string): number =>
  hour < 1 || hour > 12 ? 99 : (hour % 12) + (half.toLowerCase() === 'pm' ? 12 : 0)

/** "Z", "-7", "+05:30", "+0530" in milliseconds; undefined beyond 14 hours. */
export function offsetMs(text: string): number | undefined {
  if (text.toUpperCase() === 'Z') return 0
  const match = /^([+-])(\d{1,2}):?(\d{2})?$/.exec(text)
  if (!match) return undefined
  const minutes = Number(match[2]) * 60 + Number(match[3] ?? 0)
  if (minutes > 14 * 60 || Number(match[3] ?? 0) > 59) return undefined
  return (match[1] === '-' ? -minutes : minutes) * 60_000
}
