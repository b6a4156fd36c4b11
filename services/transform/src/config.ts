/** What an operator may set for transform. */
import { z } from 'zod'

export const Config = z.strictObject({
  binding_retry_ms: z
    .number()
    .int()
    .min(100)
    .default(500)
    .meta({ description: 'Pause between attempts to find the containers and groups that scopes name.' }),
})

export type Config = z.output<typeof Config>
