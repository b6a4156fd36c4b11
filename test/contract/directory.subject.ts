/** A directory under contract: how it is reached, what its objects are called, and what it can do, as data. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { agent } from '@canopy/agent'
import { type Running, startServices } from '@canopy/chassis'
import { escapeRdnValue } from '@canopy/domain'
import { Client } from 'ldapts'
import { TestHub } from './directory.hub.ts'

export interface Account {
  readonly dn: string
  readonly password: string
}

export type Dialect = 'dirsync' | 'usn' | 'syncrepl'

/** What a case may need of a server beyond reading, writing and telling changes. */
export type Capability =
  /** Deletions are hidden from accounts without a right. */
  | 'blindAccounts'
  /** Deleted objects can be brought back. */
  | 'restore'
  /** What is brought back is in its groups again. */
  | 'restoreEdges'
  /** Members of another forest by SID. */
  | 'foreignPrincipals'
  /** A group's deleted members leave it without a change of the group. */
  | 'silentMemberLoss'
  /** Names of 255 characters. */
  | 'longNames'
  /** Control characters in names, NUL among them. */
  | 'controlNames'
  /** A user becomes an inetOrgPerson. */
  | 'classChange'
  /** An attribute over 64 KB. */
  | 'largeValues'
  /** A preflight without a line to mend. */
  | 'cleanCheck'

/** A group with members that are loaded past LDAP where it can be, and one person more. */
export interface Crowd {
  readonly group: string
  readonly outsider: string
  readonly size: number
}

/** What objects are called and made of. */
export interface Vocabulary {
  readonly rdn: string
  readonly ouRdn: string
  /** Attribute of an account's short name. */
  readonly accountName: string
  readonly photo: string
  readonly ou: Readonly<Record<string, string | string[]>>
  readonly person: (account: string) => Readonly<Record<string, string | string[]>>
  readonly group: (account: string) => Readonly<Record<string, string | string[]>>
  readonly guid: 'objectGUID' | 'entryUUID'
  /** Identity as text of what the server returns. */
  readonly guidText: (value: Buffer) => string
}

export const activeDirectory: Vocabulary = {
  rdn: 'CN',
  ouRdn: 'OU',
  accountName: 'sAMAccountName',
  photo: 'thumbnailPhoto',
  ou: { objectClass: ['organizationalUnit'] },
  person: (account) => ({ objectClass: ['user'], sAMAccountName: account }),
  // Domain local: only such groups hold members of other forests.
  group: (account) => ({ objectClass: ['group'], sAMAccountName: account, groupType: '-2147483644' }),
  guid: 'objectGUID',
  guidText: (value) =>
    [
      value.subarray(0, 4).toReversed(),
      value.subarray(4, 6).toReversed(),
      value.subarray(6, 8).toReversed(),
      value.subarray(8, 10),
      value.subarray(10),
    ]
      .map((part) => Buffer.from(part).toString('hex'))
      .join('-'),
}

export const openLdap: Vocabulary = {
  rdn: 'cn',
  ouRdn: 'ou',
  accountName: 'uid',
  photo: 'jpegPhoto',
  ou: { objectClass: ['organizationalUnit'] },
  person: (account) => ({ objectClass: ['inetOrgPerson'], uid: account, sn: account }),
  group: () => ({ objectClass: ['groupOfNames'] }),
  guid: 'entryUUID',
  guidText: (value) => value.toString('latin1').toLowerCase(),
}

export const crowdIn = ({ rdn, ouRdn }: Vocabulary, baseDn: string, size: number): Crowd & { readonly ou: string } => {
  const ou = `${ouRdn}=Crowd,${baseDn}`
  return { ou, group: `${rdn}=The Crowd,${ou}`, outsider: `${rdn}=Outsider,${ou}`, size }
}

/** The crowd's entries as a bulk loader takes them, parents first. */
export function* crowdEntries(
  vocabulary: Vocabulary,
  crowd: Crowd & { readonly ou: string },
): Generator<{ dn: string; attributes: Record<string, string | string[]> }> {
  const { rdn, ouRdn } = vocabulary
  const person = (name: string) => {
    const account = name.toLowerCase().replace(' ', '')
    return {
      dn: `${rdn}=${name},${crowd.ou}`,
      attributes: { ...vocabulary.person(account), [rdn.toLowerCase()]: name },
    }
  }
  yield { dn: crowd.ou, attributes: { ...vocabulary.ou, [ouRdn.toLowerCase()]: 'Crowd' } }
  yield person('Outsider')
  const members = Array.from({ length: crowd.size }, (_, index) => person(`Member ${index}`))
  yield* members
  const member = members.map(({ dn }) => dn)
  yield { dn: crowd.group, attributes: { ...vocabulary.group('thecrowd'), cn: 'The Crowd', member } }
}

export interface DirectoryUnderTest {
  readonly domain: string
  readonly baseDn: string
  /** What the agent is told. */
  readonly server: string
  readonly servername: string
  readonly caPem: string
  readonly admin: Account
  /** May replicate and sees deletions. */
  readonly reader: Account
  /** May do neither; absent where every account sees deletions. */
  readonly blind?: Account
  /** Default: Active Directory's. */
  readonly vocabulary?: Vocabulary
  readonly crowd: Crowd
  close(): Promise<void>
}

export interface Subject {
  readonly name: string
  readonly dialects: readonly Dialect[]
  /** Capabilities it lacks, each with the reason. */
  readonly cannot: Partial<Readonly<Record<Capability, string>>>
  readonly make: () => Promise<DirectoryUnderTest>
}

export const readAttributes = [
  'displayName',
  'mail',
  'title',
  'proxyAddresses',
  'sAMAccountName',
  'userPrincipalName',
  'manager',
  'description',
  'thumbnailPhoto',
  'jpegPhoto',
]

export const vocabularyOf = (directory: DirectoryUnderTest): Vocabulary => directory.vocabulary ?? activeDirectory

/** The DN of a name that may hold anything, below a parent. */
export const below = (parent: string, type: string, name: string): string => `${type}=${escapeRdnValue(name)},${parent}`

export interface RunningAgent {
  readonly hub: TestHub
  setCredential(account: Account): Promise<void>
  stop(): Promise<void>
}

export interface AgentOptions {
  readonly directory: Pick<DirectoryUnderTest, 'domain' | 'server' | 'servername' | 'caPem'>
  readonly account: Account
  readonly dialect: Dialect | 'auto'
  /** Default: the directory's one server. */
  readonly servers?: readonly string[]
  /** Default: the directory's CA. */
  readonly trust?: readonly string[]
  readonly tlsServerName?: string
  readonly allowPlainLoopback?: boolean
}

export async function startAgent({ directory, account, dialect, ...options }: AgentOptions): Promise<RunningAgent> {
  const dir = await mkdtemp(join(tmpdir(), 'canopy-agent-'))
  await writeFile(join(dir, 'ca.pem'), directory.caPem)
  const setCredential = async ({ dn, password }: Account): Promise<void> => {
    await mkdir(join(dir, 'credentials', 'reader'), { recursive: true })
    await writeFile(join(dir, 'credentials', 'reader', 'username'), dn)
    await writeFile(join(dir, 'credentials', 'reader', 'password'), password)
  }
  await setCredential(account)
  const hub = await TestHub.start({
    forest: 'forest',
    domain: directory.domain,
    servers: [...(options.servers ?? [directory.server])],
    credential: 'reader',
    tlsServerName: options.tlsServerName ?? directory.servername,
    attributes: readAttributes,
    dialect,
    pollIntervalMs: 500,
  })
  const config = {
    name: 'test',
    hub: hub.address,
    credentials_dir: join(dir, 'credentials'),
    trust: options.trust ?? [join(dir, 'ca.pem')],
    allow_plain_loopback: options.allowPlainLoopback ?? false,
  }
  const adapters = { sql: () => Promise.reject(new Error('an agent keeps no store')), bus: undefined }
  const running: Running = await startServices([agent], {
    adapters,
    config: { agent: config },
    rpc: { listen: [`unix:${join(dir, 'a.sock')}`] },
  })
  return {
    hub,
    setCredential,
    stop: async () => {
      await running.stop()
      await hub.close()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

/** A person's own changes, by a client that is none of ours. */
export async function administer(
  directory: Pick<DirectoryUnderTest, 'server' | 'servername' | 'caPem' | 'admin'>,
): Promise<Client> {
  const client = new Client({
    url: directory.server,
    tlsOptions: { ca: [directory.caPem], servername: directory.servername },
  })
  await client.bind(directory.admin.dn, directory.admin.password)
  return client
}
