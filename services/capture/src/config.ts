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
      sudden: z
        .strictObject({
          percent: z.number().min(0).max(100).default(40).describe('Share of the objects known, in percent.'),
          floor: z.number().int().min(0).default(10).describe('Objects from which on that share counts.'),
        })
        .prefault({})
        .describe('A share that is held in a small forest too.'),
    })
    .prefault({})
    .describe(
      'A complete reading that misses more than this share, and more than this many objects, deletes nothing; nor does one that misses all users, groups, contacts or containers.',
    ),
  agents: z
    .strictObject({
      listen: z
        .string()
        .optional()
        .describe('host:port where agents outside enrol and attach. None: agents come by rpc.listen alone.'),
      names: z
        .array(z.string())
        .default([])
        .describe('DNS names and addresses that agents reach it by: in the certificate of this port.'),
    })
    .prefault({})
    .describe("The port for agents, with certificates of the hub's own authority (control.agents)."),
  peer_address: z
    .string()
    .optional()
    .describe('Where the other processes of capture reach this one, host:port. Default: where it listens.'),
  peer_tls_name: z
    .string()
    .optional()
    .describe("Name in the certificates of capture's processes, where it is not their address."),
  blind_reading_ms: z
    .number()
    .int()
    .min(1_000)
    .default(3_600_000)
    .describe('A forest whose account does not see deletions is enumerated this often, while its stream goes on.'),
})

export type CaptureConfig = z.output<typeof captureConfig>
