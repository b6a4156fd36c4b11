/** What capture may be told; everything has a default. */
import { z } from 'zod'

export const captureConfig = z.strictObject({
  lease_ttl_ms: z
    .number()
    .int()
    .min(1_000)
    .default(6_000)
    .describe('An agent that is silent for this long loses its partitions to the next one.'),
  missing_guard: z
    .strictObject({
      percent: z.number().min(0).max(100).default(20).describe('Share of the objects known, in percent.'),
      floor: z.number().int().min(0).default(50).describe('Objects that may be missing whatever share they are.'),
    })
    .prefault({})
    .describe('A complete reading that misses more than this share, and more than this many objects, deletes nothing.'),
})

export type CaptureConfig = z.output<typeof captureConfig>
