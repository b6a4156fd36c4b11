/** JSON as the gateway writes it: 64-bit numbers as strings, times as ISO 8601, bytes as base64. */

export const jsonText = (value: unknown): string => JSON.stringify(plain(value))

function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (typeof value !== 'object' || value === null) return value
  // An invalid time has no ISO form.
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : value.toISOString()
  if (value instanceof Uint8Array)
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')
  if (Array.isArray(value)) return value.map(plain)
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, each]) => [String(key), plain(each)]))
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]))
}
