/** Dates of the proleptic Gregorian calendar in UTC, in the range .NET has: years 1 to 9999. */

export interface Fields {
  readonly year: number
  /** 1 to 12. */
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
  readonly millisecond: number
}

export const msPerDay = 86_400_000

export const daysInMonth = (year: number, month: number): number => {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

/** Undefined where there is no such instant. */
export function instant(of: Partial<Fields> & Pick<Fields, 'year' | 'month' | 'day'>): number | undefined {
  const { year, month, day, hour = 0, minute = 0, second = 0, millisecond = 0 } = of
  if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return undefined
  if (hour > 23 || minute > 59 || second > 59) return undefined
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  date.setUTCHours(hour, minute, second, millisecond)
  return date.getTime()
}

const least = instant({ year: 1, month: 1, day: 1 })!
const most = instant({ year: 9999, month: 12, day: 31, hour: 23, minute: 59, second: 59, millisecond: 999 })!

export const isInRange = (ms: number): boolean => ms >= least && ms <= most

export function fieldsOf(ms: number): Fields {
  const date = new Date(ms)
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
    millisecond: date.getUTCMilliseconds(),
  }
}

/** 0 is Sunday. */
export const weekday = (ms: number): number => new Date(ms).getUTCDay()

/** The last day of a shorter month where the day does not exist in it. */
export function addMonths(ms: number, months: number): number | undefined {
  const fields = fieldsOf(ms)
  const count = fields.year * 12 + fields.month - 1 + months
  const year = Math.floor(count / 12)
  const month = count - year * 12 + 1
  return instant({ ...fields, year, month, day: Math.min(fields.day, daysInMonth(year, month)) })
}

export const monthNames: readonly string[] = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]

export const dayNames: readonly string[] = [
  'Sunday',
  'Monday',
  'Tuesday',
  'Wednesday',
  'Thursday',
  'Friday',
  'Saturday',
]
