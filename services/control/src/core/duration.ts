/** Durations as people write them: "90s", "15m", "24h", "30d", "500ms". */

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Milliseconds; undefined for anything else than a whole number and one unit. */
export function durationMs(text: string): number | undefined {
  const match = /^(\d{1,9})\s*(ms|s|m|h|d)$/.exec(text.trim())
  return match ? Number(match[1]) * unitMs[match[2]!]! : undefined
}
