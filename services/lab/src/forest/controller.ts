/** One domain controller: a database with LDAP and LDAPS in front of it. */
import type { LabDirectory } from './directory/directory.ts'
import { ForestFaults } from './faults.ts'
import { PageStates } from './server/pages.ts'
import { type ListenOptions, listen } from './server/server.ts'
import type { AccountRights } from './server/session.ts'

export interface LabController {
  /** `DC1`, `DC2`, … */
  readonly name: string
  readonly url: string
  readonly ldapsUrl: string
  /** A name in the server's certificate; every controller's certificate carries those of all. */
  readonly servername: string
  readonly directory: LabDirectory
  readonly faults: ForestFaults
  /** Binds that were answered since the start. */
  readonly binds: { readonly accepted: number; readonly refused: number }
  close(): Promise<void>
}

export interface ControllerOptions extends Omit<ListenOptions, 'context'> {
  readonly directory: LabDirectory
  readonly servername: string
  /** By the GUID of the account. */
  readonly rights: ReadonlyMap<string, AccountRights>
  readonly maxPageSize: number
}

export async function startController(o: ControllerOptions): Promise<LabController> {
  const { directory, servername, rights, maxPageSize, host } = o
  const faults = new ForestFaults()
  const binds = { accepted: 0, refused: 0 }
  const context = { directory, faults, rights, binds, pages: new PageStates(), maxPageSize }
  const server = await listen({ ...o, context })
  return {
    name: directory.controller,
    url: `ldap://${host}:${server.port}`,
    ldapsUrl: `ldaps://${host}:${server.ldapsPort}`,
    servername,
    directory,
    faults,
    binds,
    close: () => server.close(),
  }
}
