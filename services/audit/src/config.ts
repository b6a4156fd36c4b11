/** What audit is told. */
import { z } from 'zod'

export const AuditConfig = z.strictObject({
  seal_interval_secs: z.number().int().min(1).default(60).meta({
    description: 'Seconds between two seals over the heads of all chains; none is made while nothing was recorded.',
  }),
  probe_after_secs: z.number().int().min(0).default(3_600).meta({
    description:
      'Seconds of standstill after which a start looks whether retention removed results that were not read. Less than the retention of canopy.results.',
  }),
})

export type AuditConfig = z.output<typeof AuditConfig>
