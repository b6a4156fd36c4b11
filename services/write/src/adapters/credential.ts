/** Secrets of a target by reference: a folder per credential with a file per field, as Kubernetes mounts them. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Failure } from '@canopy/chassis'

export interface TargetCredential {
  readonly clientId: string
  readonly clientSecret: string
  /** Digest of the content: a refused version is not tried again. */
  readonly version: string
}

/** Read at every use, so that a new value needs no restart. Environment: CANOPY_CREDENTIAL_<NAME>_CLIENT_ID, _CLIENT_SECRET. */
export async function readTargetCredential(folder: string | undefined, name: string): Promise<TargetCredential> {
  const clientId = await field(folder, name, 'client_id')
  const clientSecret = await field(folder, name, 'client_secret')
  if (!clientId || !clientSecret) {
    throw new Failure({
      kind: 'transient',
      code: 'CANOPY-CLOUD-0003',
      message: `credential ${name} has no ${clientId ? 'client_secret' : 'client_id'}`,
      at: folder ? join(folder, name) : `environment ${environmentName(name, 'client_id')}`,
      mend: 'put client_id and client_secret into that folder, a file each, or set the environment variables',
    })
  }
  const version = createHash('sha256').update(`${clientId}\0${clientSecret}`).digest('hex').slice(0, 16)
  return { clientId, clientSecret, version }
}

const environmentName = (name: string, part: string): string =>
  `CANOPY_CREDENTIAL_${`${name}_${part}`.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')}`

async function field(folder: string | undefined, name: string, part: string): Promise<string | undefined> {
  if (folder) {
    const text = await readFile(join(folder, name, part), 'utf8').catch(() => undefined)
    if (text !== undefined) return text.trim()
  }
  return process.env[environmentName(name, part)]
}
