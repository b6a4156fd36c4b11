/** What the control service is told. */
import { z } from 'zod'

export const ControlConfig = z.strictObject({
  apply_file: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'Sync configuration that is applied at every start; unchanged, it makes no new version.' }),
  domains_poll_ms: z
    .number()
    .int()
    .min(100)
    .default(60_000)
    .meta({ description: 'How often a tenant is asked for the domains it has verified, in milliseconds.' }),
})
