/** Makes the files of a new Samba AD domain, from a provisioned template kept in the cache. */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cached } from '../cache.ts'
import { issueCertificate } from '../certificates.ts'
import { findProgram, runCommand } from '../command.ts'

/** The first password of every test domain's administrator; such a domain listens on loopback only. */
export const adminPassword = 'Passw0rd!Forest'
export const python = '/usr/bin/python3'
export const samdbScript = join(import.meta.dirname, 'samdb.py')

const ownFolders = {
  'private dir': 'private',
  'state directory': 'state',
  'cache directory': 'cache',
  'lock directory': 'lock',
  'pid directory': 'run',
  'binddns dir': 'bind-dns',
  'ncalrpc dir': 'ncalrpc',
  'winbindd socket directory': 'winbindd',
  'ntp signd socket directory': 'ntp-signd',
}

export interface Domain {
  /** DNS name in capitals, which is the Kerberos realm too. */
  readonly name: string
  readonly netbios: string
  readonly host: string
  readonly dir: string
  /** Whether a plain-text simple bind is refused, as a hardened domain does. */
  readonly requireEncryption: boolean
  /** NetBIOS name of this controller. */
  readonly controller: string
  /** Whether other controllers may join, which takes RPC. */
  readonly joinable: boolean
}

/** The name that a domain's first controller is provisioned with. */
export const firstController = (netbios: string): string => `DC-${netbios}`

/** The controller's DNS name, which its certificate carries. */
export function servernameOf(domain: Pick<Domain, 'name' | 'controller'>): string {
  return `${domain.controller}.${domain.name.toLowerCase()}`
}

export function smbConfOf(domain: Pick<Domain, 'dir'>): string {
  return join(domain.dir, 'etc', 'smb.conf')
}

/** Fills `domain.dir` unless a domain is there already; returns the CA that issued its certificate. */
export async function provision(domain: Domain): Promise<string> {
  const tls = join(domain.dir, 'tls')
  if (!existsSync(join(domain.dir, 'private', 'sam.ldb'))) {
    const archive = join(await template(domain), 'domain.tar')
    await mkdir(domain.dir, { recursive: true })
    await runCommand('tar', ['-xpf', archive, '-C', domain.dir])
    await prepareTls(domain)
  }
  await prepareFolders(domain)
  return readFile(join(tls, 'ca.pem'), 'utf8')
}

/** Fills `domain.dir` with a copy of a running domain, as its next controller; returns the CA of its certificate. */
export async function joinDomain(domain: Domain, from: { readonly host: string }): Promise<string> {
  await mkdir(domain.dir, { recursive: true })
  await prepareFolders(domain)
  await runCommand('samba-tool', [
    'domain',
    'join',
    domain.name.toLowerCase(),
    'DC',
    `--configfile=${smbConfOf(domain)}`,
    `--server=${from.host}`,
    `--username=${domain.netbios}\\Administrator`,
    `--password=${adminPassword}`,
    '--use-kerberos=off',
    '--dns-backend=NONE',
  ])
  await prepareTls(domain)
  await writeFile(smbConfOf(domain), smbConf(domain))
  return readFile(join(domain.dir, 'tls', 'ca.pem'), 'utf8')
}

async function prepareTls(domain: Domain): Promise<void> {
  const tls = join(domain.dir, 'tls')
  // The other address is that of what a test puts in front of it.
  const issued = await issueCertificate(servernameOf(domain), [domain.host, '127.0.0.1'])
  await mkdir(tls, { recursive: true })
  await writeFile(join(tls, 'ca.pem'), issued.caPem)
  await writeFile(join(tls, 'cert.pem'), issued.certPem)
  await writeFile(join(tls, 'key.pem'), issued.keyPem, { mode: 0o600 })
}

async function prepareFolders(domain: Domain): Promise<void> {
  const folders = [...Object.values(ownFolders), 'etc', 'log', 'sysvol']
  for (const folder of folders) await mkdir(join(domain.dir, folder), { recursive: true })
  await writeFile(smbConfOf(domain), smbConf(domain))
}

async function template(domain: Domain): Promise<string> {
  const version = (await runCommand(findProgram('samba') ?? 'samba', ['--version'])).trim()
  const arguments_ = provisionArguments(domain)
  const recipe = JSON.stringify([
    version,
    arguments_,
    smbConf({ ...domain, dir: '', host: '', requireEncryption: false, joinable: false }),
  ])
  const key = createHash('sha256').update(recipe).digest('hex').slice(0, 12)
  return cached(`samba-${domain.netbios.toLowerCase()}-${key}`, async (dir) => {
    const made: Domain = { ...domain, dir: join(dir, 'domain'), requireEncryption: false, joinable: false }
    await mkdir(made.dir)
    const xattr = `--option=xattr_tdb:file=${join(made.dir, 'xattr.tdb')}`
    await runCommand('samba-tool', [...arguments_, `--targetdir=${made.dir}`, xattr])
    await writeFile(smbConfOf(made), smbConf(made))
    await runCommand(python, [samdbScript, smbConfOf(made), 'lasting'])
    await runCommand('tar', ['-cpf', join(dir, 'domain.tar'), '-C', made.dir, '.'])
    await rm(made.dir, { recursive: true })
  })
}

function provisionArguments(domain: Domain): readonly string[] {
  return [
    'domain',
    'provision',
    '--server-role=dc',
    '--dns-backend=NONE',
    `--realm=${domain.name}`,
    `--domain=${domain.netbios}`,
    `--host-name=dc-${domain.netbios.toLowerCase()}`,
    '--host-ip=127.0.0.11',
    `--adminpass=${adminPassword}`,
    '--function-level=2008_R2',
    '--base-schema=2012_R2',
    '--use-rfc2307',
    '--backend-store=mdb',
    '--option=interfaces=127.0.0.11',
    '--option=bind interfaces only=yes',
    '--option=vfs objects=dfs_samba4 acl_xattr xattr_tdb',
  ]
}

function smbConf(domain: Domain): string {
  const settings: Record<string, string> = {
    'netbios name': domain.controller,
    realm: domain.name,
    workgroup: domain.netbios,
    'server role': 'active directory domain controller',
    'server services': `ldap, cldap, kdc, drepl${domain.joinable ? ', rpc' : ''}`,
    // Without the mask Samba finds no interface and listens nowhere.
    interfaces: `${domain.host}/8`,
    'bind interfaces only': 'yes',
    ...Object.fromEntries(Object.entries(ownFolders).map(([name, folder]) => [name, join(domain.dir, folder)])),
    'log file': join(domain.dir, 'log', 'log.samba'),
    'ldap server require strong auth': domain.requireEncryption ? 'yes' : 'no',
    'tls enabled': 'yes',
    'tls cafile': join(domain.dir, 'tls', 'ca.pem'),
    'tls certfile': join(domain.dir, 'tls', 'cert.pem'),
    'tls keyfile': join(domain.dir, 'tls', 'key.pem'),
    'disable netbios': 'yes',
    // No fsync for each LDAP write: several times faster, and a killed process loses nothing.
    'ldb:nosync': 'true',
    'dsdb:schema update allowed': 'yes',
  }
  const lines = Object.entries(settings).map(([name, value]) => `  ${name} = ${value}\n`)
  // A controller that joins looks for these two.
  const shares = ['netlogon', 'sysvol'].map((name) => `[${name}]\n  path = ${join(domain.dir, 'sysvol')}\n`)
  return `[global]\n${lines.join('')}${domain.joinable ? shares.join('') : ''}`
}
