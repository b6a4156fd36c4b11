/** What an operator may set for resolve. */
import { z } from 'zod'
export const Config = z.strictObject({
  poll_ms: z
    .number()
    .int()
    .min(50)
    .default(1_000)
    .meta({ description: 'Longest pause between looks for work that another process left.' }),
})
//# sourceMappingURL=config.js.map
