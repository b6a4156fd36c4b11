/** What an operator may set for resolve. */
import { z } from 'zod'
export declare const Config: z.ZodObject<
  {
    poll_ms: z.ZodDefault<z.ZodNumber>
  },
  z.core.$strict
>
export type Config = z.output<typeof Config>
