/** Starts a forest: a directory on disk or in memory, with LDAP and LDAPS in front of it. */
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Authority } from '../authority.ts'
import { type LabController, startController } from './controller.ts'
import { baseDnOf } from './directory/base-tree.ts'
import { LabDirectory } from './directory/directory.ts'
import { uniteDomains } from './domains.ts'
import type { ForestFaults } from './faults.ts'
import { type Population, populate } from './population/populate.ts'
import { Replication } from './replication.ts'
import type { AccountRights } from './server/session.ts'

export interface Credentials {
  readonly dn: string
  readonly password: string
}

export interface LabAccount extends Credentials {
  readonly rights: { readonly replicate: boolean; readonly seesDeleted: boolean }
}

export interface ForestOptions {
  /** DNS name, `contoso.lab`. */
  readonly name: string
  /** Where it is kept between starts; without one it is forgotten on close. */
  readonly dir?: string
  /** Loaded when the forest is new. Forests that share people are populated together, with `populate`. */
  readonly population?: Population
  readonly seed?: number
  /** Default 127.0.0.1. */
  readonly host?: string
  /** Default 0: any free one. */
  readonly port?: number
  readonly ldapsPort?: number
  /** Issues the server's certificate; one is made where none is given. */
  readonly authority?: Authority
  /** Accounts beside the reader and the administrator. */
  readonly accounts?: readonly LabAccount[]
  /** Deleted objects keep attributes and links until restored; default true. */
  readonly recycleBin?: boolean
  /** A domain of the same forest: both may name each other's objects in their links. */
  readonly domainOf?: LabForest
  /** Domain controllers, each with its own invocationId and USNs; default 1. Only the first is kept in `dir`. */
  readonly controllers?: number
  /** How long a change takes from one controller to the next; default 0. */
  readonly replicationLagMs?: number
  /** Largest page, and most entries of a search without pages; default 1,000 as AD. */
  readonly maxPageSize?: number
}

export interface LabForest {
  readonly name: string
  readonly baseDn: string
  readonly url: string
  readonly ldapsUrl: string
  /** Name in the server's certificate. */
  readonly servername: string
  readonly caPem: string
  /** Reads with Replicating Directory Changes and sees deletions. */
  readonly account: Credentials
  readonly admin: Credentials
  /** The first controller's, as are URL, faults and binds. */
  readonly directory: LabDirectory
  readonly faults: ForestFaults
  readonly binds: LabController['binds']
  readonly controllers: readonly LabController[]
  readonly replication: Replication
  close(): Promise<void>
}

export async function startForest(o: ForestOptions): Promise<LabForest> {
  const directory = new LabDirectory({ name: o.name, dir: o.dir, recycleBin: o.recycleBin })
  if (o.population !== undefined && !directory.populated) populate([directory], { ...o.population, seed: o.seed })
  const baseDn = baseDnOf(o.name)
  const secrets = readSecrets(o.dir)
  const account = { dn: `CN=canopy-reader,CN=Users,${baseDn}`, password: secrets.reader }
  const admin = { dn: `CN=Administrator,CN=Users,${baseDn}`, password: secrets.admin }
  const rights = new Map<string, AccountRights>()
  const grant = (who: Credentials, granted: AccountRights): void => {
    rights.set(ensureAccount(directory, who), granted)
  }
  grant(account, { replicate: true, seesDeleted: true, write: false })
  grant(admin, { replicate: true, seesDeleted: true, write: true })
  for (const each of o.accounts ?? []) grant(each, { ...each.rights, write: false })
  const authority = o.authority ?? (await ownAuthority(o.dir))
  const controllers = await startControllers({ ...o, directory, rights, authority })
  const replication = new Replication(
    controllers.map((each) => each.directory),
    o.replicationLagMs,
  )
  const [first] = controllers
  const united = o.domainOf
  const separate =
    united === undefined
      ? undefined
      : uniteDomains([united.directory, ...united.directory.otherDomains.list, directory])
  const { url, ldapsUrl, servername, faults, binds } = first
  return {
    name: o.name,
    baseDn,
    url,
    ldapsUrl,
    servername,
    caPem: authority.caPem,
    account,
    admin,
    directory,
    faults,
    binds,
    controllers,
    replication,
    close: async () => {
      await Promise.all(controllers.map((each) => each.close()))
      separate?.()
      replication.close()
      directory.close()
    },
  }
}

interface ControllersOptions extends ForestOptions {
  readonly directory: LabDirectory
  readonly rights: ReadonlyMap<string, AccountRights>
  readonly authority: Authority
}

/** The first on the ports that were asked for, the others on any free ones. */
async function startControllers(o: ControllersOptions): Promise<readonly [LabController, ...LabController[]]> {
  const { directory, rights, host = '127.0.0.1', maxPageSize = 1000 } = o
  const names = Array.from({ length: o.controllers ?? 1 }, (_, index) => `DC${index + 1}`)
  const servernames = names.map((name) => `${name.toLowerCase()}.${o.name}`)
  const tls = await o.authority.issue([...servernames, 'localhost', host])
  const start = (index: number, of: LabDirectory): Promise<LabController> =>
    startController({
      directory: of,
      servername: servernames[index] ?? '',
      rights,
      maxPageSize,
      host,
      port: index === 0 ? (o.port ?? 0) : 0,
      ldapsPort: index === 0 ? (o.ldapsPort ?? 0) : 0,
      tls,
    })
  const others = names
    .slice(1)
    .map((controller) => new LabDirectory({ name: o.name, recycleBin: o.recycleBin, replicaOf: directory, controller }))
  const first = await start(0, directory)
  return [first, ...(await Promise.all(others.map((each, index) => start(index + 1, each))))]
}

/** The account's GUID; it is added where it is missing and gets the password where it has another. */
function ensureAccount(directory: LabDirectory, who: Credentials): string {
  const found = directory.get(who.dn)
  const { guid } =
    found ??
    directory.add(who.dn, {
      objectClass: 'user',
      sAMAccountName: (who.dn.split(',')[0] ?? '').slice(3),
      isCriticalSystemObject: true,
      description: 'Account of the lab itself',
    })
  const entry = directory.store.byGuid.get(guid)
  if (entry !== undefined && !directory.checkPassword(entry, who.password)) directory.setPassword(guid, who.password)
  return guid
}

interface Secrets {
  readonly reader: string
  readonly admin: string
}

function readSecrets(dir: string | undefined): Secrets {
  const path = dir === undefined ? undefined : join(dir, 'accounts.json')
  if (path !== undefined && existsSync(path)) return JSON.parse(readFileSync(path, 'utf8')) as Secrets
  const secrets = { reader: newPassword(), admin: newPassword() }
  if (path !== undefined) {
    writeFileSync(`${path}.new`, JSON.stringify(secrets), { mode: 0o600 })
    renameSync(`${path}.new`, path)
  }
  return secrets
}

function newPassword(): string {
  return `${randomBytes(15).toString('base64url')}-Aa1`
}

/** Loaded late: most callers bring their own, and start-up counts. */
async function ownAuthority(dir: string | undefined): Promise<Authority> {
  const { createAuthority } = await import('../authority.ts')
  if (dir !== undefined) mkdirSync(join(dir, 'authority'), { recursive: true, mode: 0o700 })
  return createAuthority(dir === undefined ? undefined : join(dir, 'authority'))
}
