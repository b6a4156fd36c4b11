/** Reads the two time formats of Active Directory: FILETIME integers and generalized time. */

/** Milliseconds between 1601-01-01 and 1970-01-01. */
const offsetMs = 11_644_473_600_000n
const never = 0x7fff_ffff_ffff_ffffn

/** From 100 ns ticks since 1601 (decimal text or bigint); undefined for "never", 0 and what is no number. */
export function dateFromFiletime(ticks: string | bigint): Date | undefined {
  if (typeof ticks === 'string' && !/^-?\d{1,19}$/.test(ticks)) return undefined
  const value = BigInt(ticks)
  if (value <= 0n || value >= never) return undefined
  const date = new Date(Number(value / 10_000n - offsetMs))
  return Number.isNaN(date.getTime()) ? undefined : date
}

export const filetimeFromDate = (date: Date): bigint => (BigInt(date.getTime()) + offsetMs) * 10_000n

/** From "20261122201500.0Z"; undefined if it is none. Only UTC, as Active Directory writes it. */
export function dateFromGeneralizedTime(text: string): Date | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:[.,](\d{1,9}))?Z$/.exec(text)
  if (!match) return undefined
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  const ms = Math.floor(Number(`0.${match[7] ?? '0'}`) * 1000)
  const time = Date.UTC(year, month - 1, day, hour, minute, second, ms)
  return month < 1 || month > 12 || Number.isNaN(time) ? undefined : new Date(time)
}
