/** Functions on times. All of them are in UTC. */
import { needNumber, needText, timeOf } from '../arguments.ts'
import { type Dialect, declare, type ExpressionFunction, type Inputs, type Written } from '../declare.ts'
import { ExpressionFailure } from '../failure.ts'
import { addMonths, fieldsOf, isInRange, msPerDay, weekday } from '../time/calendar.ts'
import { formatParts } from '../time/custom-format.ts'
import { formatTime } from '../time/format-time.ts'
import { readTime } from '../time/read-time.ts'
import { isEmpty, isTime, type Time, time, toNumber, toText, type Value } from '../value.ts'

const intervals = ['yyyy', 'q', 'm', 'y', 'd', 'w', 'ww', 'h', 'n', 's'] as const
type Interval = (typeof intervals)[number]

const isInterval = (text: string): text is Interval => (intervals as readonly string[]).includes(text)

function intervalOf(value: Value): Interval {
  const text = toText(value)?.toLowerCase() ?? ''
  if (!isInterval(text)) throw new ExpressionFailure(`the interval is one of ${intervals.join(', ')}`)
  return text
}

const checkInterval = ([interval]: Written) =>
  interval === undefined || isInterval(String(interval).toLowerCase())
    ? undefined
    : { argument: 0, message: `one of ${intervals.join(', ')} was expected` }

const lengths: Readonly<Record<string, number>> = { d: msPerDay, ww: 7 * msPerDay, h: 3_600_000, n: 60_000, s: 1_000 }

/** Fractions of the value do not count, as in Visual Basic. */
function added(interval: Interval, value: number, ms: number): number | undefined {
  const count = Math.trunc(value)
  switch (interval) {
    case 'yyyy':
      return addMonths(ms, count * 12)
    case 'q':
      return addMonths(ms, count * 3)
    case 'm':
      return addMonths(ms, count)
    case 'y':
    case 'd':
    case 'w':
      return ms + count * msPerDay
    default:
      return ms + count * (lengths[interval] ?? 0)
  }
}

function dateAdd(interval: Value, value: Value, source: Value, form: Time['form']): Value {
  const ms = timeOf(source, 'the time')
  const by = intervalOf(interval)
  const count = needNumber(value, 'the value to add')
  if (ms === undefined) return undefined
  const sum = added(by, count, ms)
  if (sum === undefined || !isInRange(sum)) throw new ExpressionFailure('the time would be outside of the calendar')
  return time(sum, form)
}

/**
 * As Visual Basic has it: calendar years, quarters and months; weeks (ww) that begin on Sunday; whole days and shorter, towards
 * zero.
 */
function dateDiff(interval: Value, from: Value, to: Value): Value {
  const by = intervalOf(interval)
  const start = timeOf(from, 'the first time')
  const end = timeOf(to, 'the second time')
  if (start === undefined || end === undefined) return undefined
  const a = fieldsOf(start)
  const b = fieldsOf(end)
  switch (by) {
    case 'yyyy':
      return b.year - a.year
    case 'q':
      return (b.year - a.year) * 4 + Math.floor((b.month - 1) / 3) - Math.floor((a.month - 1) / 3)
    case 'm':
      return (b.year - a.year) * 12 + b.month - a.month
    case 'ww':
      return (sundayOf(end) - sundayOf(start)) / (7 * msPerDay)
    case 'w':
      return whole((end - start) / (7 * msPerDay))
    case 'y':
      return whole((end - start) / msPerDay)
    default:
      return whole((end - start) / (lengths[by] ?? msPerDay))
  }
}

/** Without a negative zero. */
const whole = (value: number): number => Math.trunc(value) + 0

const sundayOf = (ms: number): number => (Math.floor(ms / msPerDay) - weekday(ms)) * msPerDay

/** Milliseconds between 1601-01-01 and 1970-01-01. */
const filetimeOffsetMs = 11_644_473_600_000

/** Never (2^63 - 1) and what lies beyond the year 9999 fail. */
function dateFromNum(value: Value): Value {
  if (isEmpty(value)) return undefined
  const ticks = needNumber(value, 'the value')
  const ms = Math.floor(ticks / 10_000) - filetimeOffsetMs
  if (ticks < 0 || !isInRange(ms)) throw new ExpressionFailure('the value is no time: it is beyond the calendar')
  return time(ms, 'iso')
}

function numFromDate(value: Value): Value {
  const ms = timeOf(value, 'the value')
  return ms === undefined ? undefined : (ms + filetimeOffsetMs) * 10_000
}

function parts(format: Value, what: string) {
  const found = formatParts(needText(format, what))
  if (typeof found === 'string') throw new ExpressionFailure(found)
  return found
}

/** By number of arguments: (time, output) of Connect, (source, input, output), (source, styles, input, output). */
function formatDateTime(...args: readonly Value[]): Value {
  const [source] = args
  const count = givenCount(args)
  const output = parts(args[count - 1], 'the output format')
  if (isEmpty(source)) return undefined
  const input = count === 2 ? undefined : args[count - 2]
  if (isTime(source) || isEmpty(input)) {
    const ms = timeOf(source, 'the source')
    return ms === undefined ? undefined : formatTime(ms, output)
  }
  const ms = readTime(toText(source) ?? '', parts(input, 'the input format'))
  if (ms === undefined) throw new ExpressionFailure('the source does not have the input format')
  return formatTime(ms, output)
}

/** Trailing omitted arguments are absent; the output format is the last there is. */
function givenCount(args: readonly Value[]): number {
  let count = args.length
  while (count > 2 && args[count - 1] === undefined) count--
  return count
}

/** .NET's DateTimeStyles. All of them end in UTC here, so none changes the result. */
const styles: ReadonlySet<string> = new Set([
  'none',
  'allowleadingwhite',
  'allowtrailingwhite',
  'allowinnerwhite',
  'allowwhitespaces',
  'nocurrentdatedefault',
  'adjusttouniversal',
  'assumelocal',
  'assumeuniversal',
  'roundtripkind',
])

function checkFormats(written: Written, count: number) {
  const style = count === 4 ? written[1] : undefined
  if (typeof style === 'string' && style !== '' && !style.split(/[,|]\s*/).every(isStyle)) {
    return { argument: 1, message: `${style} is no DateTimeStyles` }
  }
  for (let n = count === 4 ? 2 : 1; n < count; n++) {
    const format = written[n]
    if (typeof format !== 'string' || (format === '' && n < count - 1)) continue
    const found = formatParts(format)
    if (typeof found === 'string') return { argument: n, message: found }
  }
  return undefined
}

const isStyle = (word: string): boolean => styles.has(word.trim().toLowerCase())

function now({ nowMs }: Inputs, form: Time['form']): Value {
  if (nowMs === undefined) throw new ExpressionFailure('there is no time of observation')
  return time(nowMs, form)
}

const cdate = (value: Value, form: Time['form']): Value => {
  const ms = timeOf(value, 'the value')
  return ms === undefined ? undefined : time(ms, form)
}

/** Times of the provisioning functions read as they are documented; those of Connect as ISO 8601. */
function bothDialects(dialect: Dialect): readonly ExpressionFunction[] {
  const form = dialect === 'provisioning' ? 'us' : 'iso'
  const reads = form === 'us' ? 'As text it reads `M/d/yyyy h:mm:ss tt`.' : 'As text it reads as ISO 8601.'
  return [
    declare({
      is: 'CDate(value: any): time',
      only: dialect,
      says: `The time a text stands for, in UTC; without a zone it is UTC. ${reads} Fails where it stands for none.`,
      run: (value) => cdate(value, form),
    }),
    declare({
      is: 'DateAdd(interval: text, value: number, time: time): time',
      only: dialect,
      says: `The time moved by so many yyyy, q (quarters), m (months), d, ww (weeks), h, n (minutes) or s; the last day of a shorter month. ${reads}`,
      run: (interval, value, source) => dateAdd(interval, value, source, form),
      check: checkInterval,
    }),
    declare({
      is: 'Now(): time',
      only: dialect,
      effect: 'time',
      says: `The time at which the object was observed. ${reads}`,
      runWith: (inputs) => now(inputs, form),
    }),
  ]
}

export const timeFunctions: readonly ExpressionFunction[] = [
  ...bothDialects('provisioning'),
  ...bothDialects('connect'),
  declare({
    is: 'DateDiff(interval: text, time1: time, time2: time): number',
    from: 'provisioning',
    says: 'From time1 to time2 as in Visual Basic: calendar yyyy, q and m; ww begins on Sunday; d, h, n, s whole and towards zero.',
    run: dateDiff,
    check: checkInterval,
  }),
  declare({
    is: 'DateFromNum(value: number): time',
    says: 'The time of a FILETIME, such as pwdLastSet. As text it reads as ISO 8601. Fails for "never".',
    run: dateFromNum,
  }),
  declare({
    is: 'NumFromDate(value: time): number',
    says: 'The FILETIME of a time.',
    run: numFromDate,
  }),
  declare({
    is: 'FormatDateTime(source: any, stylesOrFormat~: any, inputFormat?: text, outputFormat?: text): text',
    says: 'A time written by a .NET format. `(source, [styles], input, output)`, `(source, input, output)` and Connect’s `(time, output)` are told apart by their number. Without an input format the usual forms are read. Fails where the source does not have the input format.',
    run: formatDateTime,
    check: checkFormats,
  }),
]

/** For comparisons: undefined where it is no number and no time. */
export const comparable = (value: Value): number | undefined => (isTime(value) ? value.ms : toNumber(value))
