/** What write is told besides the synchronisation configuration. */
import { z } from 'zod'

export const WriteConfig = z.strictObject({
  credentials_dir: z.string().optional().meta({
    description: 'Folder with one folder per credential, a file per field: <name>/client_id, <name>/client_secret.',
  }),
  trust: z.array(z.string()).default([]).meta({
    description: 'Files with certificate authorities (PEM) trusted for targets, besides the system’s.',
  }),
})

export type WriteConfig = z.output<typeof WriteConfig>
