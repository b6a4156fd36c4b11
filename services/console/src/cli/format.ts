/** Numbers, times and durations as people read them. */

export const count = (value: number | string): string => Number(value).toLocaleString('en-US')

export const counted = (value: number, one: string, many = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : many}`

/** "84 ms", "1.2 s", "3 m 20 s", "2 h 5 m", "3 d 4 h". */
export function duration(ms: number): string {
  const whole = Math.max(0, Math.round(ms))
  if (whole < 1_000) return `${whole} ms`
  if (whole < 10_000) return `${(whole / 1_000).toFixed(1)} s`
  const secs = Math.round(whole / 1_000)
  if (secs < 60) return `${secs} s`
  const both = (big: number, bigUnit: string, small: number, smallUnit: string): string =>
    small === 0 ? `${big} ${bigUnit}` : `${big} ${bigUnit} ${small} ${smallUnit}`
  if (secs < 3_600) return both(Math.floor(secs / 60), 'm', secs % 60, 's')
  if (secs < 86_400) return both(Math.floor(secs / 3_600), 'h', Math.floor((secs % 3_600) / 60), 'm')
  return both(Math.floor(secs / 86_400), 'd', Math.floor((secs % 86_400) / 3_600), 'h')
}

const two = (value: number): string => String(value).padStart(2, '0')

/** "22:14:03" today, "2026-11-22 22:14:03" on other days; local time. */
export function clock(iso: string | undefined, now: Date): string {
  const at = new Date(iso ?? '')
  if (Number.isNaN(at.getTime())) return '--:--:--'
  const time = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`
  const sameDay = at.toDateString() === now.toDateString()
  return sameDay ? time : `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${time}`
}

/** "3 s ago"; "never" without a time. */
export function ago(iso: string | undefined, now: Date): string {
  const at = new Date(iso ?? '').getTime()
  return Number.isNaN(at) ? 'never' : `${duration(now.getTime() - at)} ago`
}

/** "99.98 %", never rounded up to 100. */
export function share(part: number, whole: number): string {
  if (whole === 0) return '–'
  if (part >= whole) return '100 %'
  return `${Math.min(99.99, Math.floor((part / whole) * 10_000) / 100)} %`
}

/** Several values as one text; none is an empty pair of brackets, unknown is a dash. */
export function values(of: readonly string[] | undefined): string {
  if (of === undefined) return '–'
  return of.length === 0 ? '(none)' : of.join(', ')
}
