/** Where a stack keeps its things, and which services it is made of. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

export const stackServices = [
  'control',
  'capture',
  'transform',
  'resolve',
  'write',
  'audit',
  'console',
  'agent',
] as const
export type ServiceName = (typeof stackServices)[number]

export interface StackFolder {
  readonly root: string
  readonly config: string
  readonly logs: string
  readonly lab: string
  readonly tls: string
  readonly credentials: string
  readonly kafka: string
  readonly postgres: string
  /** Token of the gateway. */
  readonly token: string
  /** How the command line finds the gateway. */
  readonly gateway: string
  /** Who runs: the supervisor and every process it started. */
  readonly running: string
}

/** Creates what is missing. PostgreSQL runs as another user, so the folder itself is open to all; secrets are not. */
export function stackFolder(root: string): StackFolder {
  mkdirSync(root, { recursive: true, mode: 0o755 })
  const folder = (name: string, mode = 0o755): string => {
    mkdirSync(join(root, name), { recursive: true, mode })
    return join(root, name)
  }
  return {
    root,
    config: folder('config', 0o700),
    logs: folder('logs'),
    lab: folder('lab', 0o700),
    tls: folder('tls', 0o700),
    credentials: folder('credentials', 0o700),
    kafka: folder('kafka'),
    postgres: folder('postgres'),
    token: join(root, 'token'),
    gateway: join(root, 'console.json'),
    running: join(root, 'running.json'),
  }
}
