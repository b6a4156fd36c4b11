/** What an agent is told: where the hub is, where credentials are, whom to trust, what it may at most do. */
import { z } from 'zod'

/** Keys of `ceiling` and of the file that holds it. */
export const ceilingSchema = z.strictObject({
  forests: z.array(z.string()).default([]).describe('Forests this agent may read, whatever the hub says; none: all.'),
  attributes: z
    .array(z.string())
    .default([])
    .describe('Attributes it may give away besides objectClass, objectSid and name; none: all.'),
  ous: z
    .array(z.string())
    .default([])
    .describe('Distinguished names: only what is at or below them leaves this host; none: everything.'),
  read_only: z.boolean().default(true).describe('Refuses every command that would change a directory.'),
})

export const agentConfig = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{0,62}$/)
    .default('agent')
    .describe('Name of this agent, as the hub shows it. Two agents of one forest have two names.'),
  hub: z.string().optional().describe('Address of the hub, host:port or unix:/path. Default: the peer named capture.'),
  hub_tls: z
    .strictObject({
      cert_file: z.string().describe('PEM of the certificate, re-read when it changes.'),
      key_file: z.string().describe('PEM of its key.'),
      ca_file: z.string().describe('PEM of the authorities that sign the hub.'),
    })
    .optional()
    .describe('Certificate of this agent towards the hub; needed for every hub that is not on this machine.'),
  enrolment: z
    .strictObject({
      dir: z.string().describe('Folder that keeps key and certificate of this agent; only its user may read it.'),
      token_file: z
        .string()
        .optional()
        .describe('File with a token of canopy agent token; read while there is no certificate that counts.'),
    })
    .optional()
    .describe('The agent gets its certificate from the hub itself, and renews it. Instead of hub_tls.'),
  credentials_dir: z
    .string()
    .optional()
    .describe(
      'Folder with one folder per credential, each with the files username and password. Read again every 2 s.',
    ),
  trust: z
    .array(z.string())
    .default([])
    .describe("PEM files of the CAs that issue the directories' certificates; none: the well-known ones."),
  ceiling: ceilingSchema
    .prefault({})
    .describe('What nobody but the owner of this host can raise; or in a file of its own, ceiling_file.'),
  ceiling_file: z
    .string()
    .optional()
    .describe('YAML file with the keys of ceiling, kept by the owner of this host. Read at the start.'),
  allow_plain_loopback: z.boolean().default(false).describe('Read ldap:// on loopback without encryption.'),
})

export type AgentConfig = z.output<typeof agentConfig>
