/** Points in time as people write them: "2h" ago, or ISO 8601. */

const unitsMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }

/** Milliseconds of "10m", "90s", "1h30m"; undefined when it is no duration. */
export function durationMs(text: string): number | undefined {
  if (!/^(\d{1,6}[smhdw])+$/.test(text)) return undefined
  let ms = 0
  for (const [, count, unit] of text.matchAll(/(\d+)([smhdw])/g)) ms += Number(count) * (unitsMs[unit ?? ''] ?? 0)
  return ms
}

/** Undefined when it is neither. */
export function parseSince(text: string, now: Date): Date | undefined {
  const ago = durationMs(text)
  if (ago !== undefined) return new Date(now.getTime() - ago)
  if (!/^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})?)?$/.test(text)) return undefined
  const at = new Date(text)
  return Number.isNaN(at.getTime()) ? undefined : at
}
