/** The two texts an instant reads as. */

const two = (n: number): string => (n < 10 ? `0${n}` : String(n))

/** "3/16/2020 7:00:00 AM" */
export function usTime(ms: number): string {
  const date = new Date(ms)
  const hour = date.getUTCHours()
  const clock = `${hour % 12 || 12}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`
  const year = String(date.getUTCFullYear()).padStart(4, '0')
  return `${date.getUTCMonth() + 1}/${date.getUTCDate()}/${year} ${clock} ${hour < 12 ? 'AM' : 'PM'}`
}

/** "2012-01-01T23:00:00Z", with a fraction only where there is one. */
export const isoTime = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z')
