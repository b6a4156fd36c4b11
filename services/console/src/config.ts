/** Where the gateway listens, and who may ask. */
import { z } from 'zod'

export const ConsoleConfig = z.strictObject({
  listen: z.string().min(1).default('127.0.0.1:8480').meta({
    description:
      'host:port or unix:/path of the gateway. It speaks plain HTTP: beyond loopback, put TLS in front of it.',
  }),
  token_file: z.string().min(1).optional().meta({
    description:
      'File with the bearer token of the gateway, read at each request. Required unless listening on a unix socket.',
  }),
})

export type ConsoleConfig = z.output<typeof ConsoleConfig>
