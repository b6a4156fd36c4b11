#!/usr/bin/env node
/** canopy: the command line client. */
import { canopy } from './canopy.ts'
import { terminal } from './terminal.ts'

// `canopy log | head`: whoever reads no more has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1)
})

const stop = new AbortController()
process.once('SIGINT', () => stop.abort())
process.once('SIGTERM', () => stop.abort())

process.exitCode = await canopy({
  args: process.argv.slice(2),
  env: process.env,
  cwd: process.cwd(),
  out: terminal(process.stdout, process.env),
  err: terminal(process.stderr, process.env),
  now: () => new Date(),
  signal: stop.signal,
})
