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
  agents: z
    .strictObject({
      authority_dir: z.string().min(1).optional().meta({
        description:
          'Folder with ca.crt and ca.key of the authority for agents; made at its first use. None: nobody enrols.',
      }),
      hub: z
        .string()
        .min(1)
        .optional()
        .meta({ description: 'Where agents reach the hub, host:port (capture.agents.listen); written into tokens.' }),
      certificate_hours: z
        .number()
        .positive()
        .max(24 * 365)
        .default(24 * 30)
        .meta({ description: 'Life of an agent’s certificate; it renews itself when a third of it is left.' }),
      token_mins: z
        .number()
        .int()
        .min(1)
        .max(7 * 24 * 60)
        .default(60)
        .meta({ description: 'How long a token works, unless said otherwise when it is made.' }),
    })
    .prefault({})
    .meta({ description: 'Enrolment of agents.' }),
})
