/** The preflight of one partition: a line per thing that must be so before a forest can be read. */
import { dateFromGeneralizedTime } from '@canopy/domain'
import type { agent } from '@canopy/proto'
import type { Connector, Credential, Credentials, Directory } from '../ports.ts'
import { chooseDialect, dialects, directories } from './dialect.ts'
import { readDirSync } from './dirsync.ts'
import type { CredentialGate } from './gate.ts'
import { attributeList, observedFilter } from './observed.ts'
import { type Root, readRoot, seesDeletions } from './root.ts'
import { refusedBy } from './session.ts'

/** Kerberos' own limit; beyond it time stamps of the two sides cannot be compared either. */
const maxSkewMs = 5 * 60_000

export interface CheckOptions {
  readonly assignment: agent.Assignment
  readonly connector: Connector
  readonly credentials: Credentials
  readonly gate: CredentialGate
  readonly now: () => Date
  readonly signal: AbortSignal
}

export async function checkPartition(options: CheckOptions): Promise<agent.CheckLine[]> {
  const { assignment, connector } = options
  const lines = new Lines(`${assignment.forest}/${assignment.domain}`)
  const credentials = await usable(options, lines)
  let servers: readonly string[] = []
  try {
    servers = await connector.servers(assignment)
    lines.pass('dns', `${servers.length} server(s)`)
  } catch (error) {
    const trouble = connector.explain(assignment.domain, error)
    lines.fail('dns', trouble.message, trouble.mend)
  }
  for (const server of credentials.length > 0 ? servers : []) {
    for (const [n, credential] of credentials.entries()) {
      const outcome = await checkServer(options, { server, credential, lines, last: n === credentials.length - 1 })
      if (outcome === 'done') break
    }
  }
  return lines.all
}

/** Versions of the credential that were not refused yet, with a line about what is there. */
async function usable({ assignment, credentials, gate }: CheckOptions, lines: Lines): Promise<readonly Credential[]> {
  const name = assignment.credential
  const known = await credentials.resolve(name)
  if (known.length === 0) {
    const mend = 'put its username and password where the agent looks'
    lines.fail('credential', `the agent has no credential ${name}`, mend)
    return []
  }
  const refusals = known.map(({ version }) => gate.refusal(version))
  const left = known.filter((_, n) => refusals[n] === undefined)
  if (left.length === 0) lines.fail('bind', refusals[0]?.message ?? '', refusals[0]?.mend ?? '')
  else lines.pass('credential', known.length > 1 ? `${name}, and the one to come` : name)
  return left
}

/** `refused`: the next credential may be tried. */
async function checkServer(
  options: CheckOptions,
  on: { readonly server: string; readonly credential: Credential; readonly lines: Lines; readonly last: boolean },
): Promise<'done' | 'refused'> {
  const { assignment, connector, gate, signal } = options
  const { server, credential, lines } = on
  const { tlsServerName, credential: credentialName } = assignment
  try {
    const directory = await gate.attempt({
      version: credential.version,
      credential: credentialName,
      run: () => connector.connect({ server, tlsServerName, credential, credentialName, signal }),
      refusal: (error) => refusedBy(connector.explain(server, error)),
    })
    if (!directory) {
      const refusal = gate.refusal(credential.version)
      if (on.last) lines.fail('bind', refusal?.message ?? 'refused before', refusal?.mend ?? '')
      return 'refused'
    }
    const encrypted = !directory.server.startsWith('plain')
    lines.pass('tls', `${directory.server}: ${encrypted ? 'certificate trusted' : 'not encrypted, on this machine'}`)
    lines.pass('bind', `${directory.server}: accepted`)
    try {
      await checkDirectory(options, directory, lines)
    } finally {
      directory.close()
    }
  } catch (error) {
    const trouble = connector.explain(server, error)
    if (trouble.credentialRefused) lines.pass('tls', `${server}: certificate trusted`)
    if (!trouble.credentialRefused || on.last)
      lines.fail(
        trouble.credentialRefused ? 'bind' : (checkNames[trouble.code] ?? 'connect'),
        trouble.message,
        trouble.mend,
      )
    if (trouble.credentialRefused) return 'refused'
  }
  return 'done'
}

const checkNames: Readonly<Record<string, string>> = {
  'CANOPY-LDAP-0001': 'tcp',
  'CANOPY-LDAP-0002': 'tls',
  'CANOPY-LDAP-0003': 'tls',
  'CANOPY-LDAP-0007': 'time-out',
}

async function checkDirectory(options: CheckOptions, directory: Directory, lines: Lines): Promise<void> {
  const { assignment, connector, now } = options
  const root = await readRoot(directory, assignment.domain)
  if (!root) {
    const trouble = connector.wrongDirectory(directory.server, assignment.domain)
    lines.fail('naming context', trouble.message, trouble.mend)
    return
  }
  const serverTime = dateFromGeneralizedTime(root.currentTime)
  const skewMs = serverTime ? Math.abs(serverTime.getTime() - now().getTime()) : undefined
  if (skewMs === undefined)
    lines.warn('clock', 'the server does not tell its time', 'nothing to do if it is no domain controller')
  else if (skewMs > maxSkewMs) lines.warn('clock', `${Math.round(skewMs / 1000)} s apart`, 'synchronise both clocks')
  else lines.pass('clock', `${Math.round(skewMs / 1000)} s apart`)
  const { dialect: asked } = assignment
  const dialect = chooseDialect({ asked, kept: undefined, kind: root.kind })
  const told = dialects[dialect].tellsDeletions
  const sees = told || (await seesDeletions(directory, root.namingContext))
  if (told) lines.pass('sees deletions', `told by ${dialect}`)
  else if (sees) lines.pass('sees deletions', 'CN=Deleted Objects can be read')
  else lines.warn('sees deletions', 'the account cannot read CN=Deleted Objects', 'let it list and read that container')
  if (dialect === 'syncrepl') await checkSyncrepl(directory, root, lines)
  else await checkReplication(directory, root, lines)
  await checkAttributes(directory, root, assignment.attributes, lines)
}

async function checkSyncrepl(directory: Directory, { namingContext }: Root, lines: Lines): Promise<void> {
  try {
    const control = { type: 'sync', persist: false, cookie: undefined } as const
    const shape = { base: namingContext, scope: 'base', filter: '(objectClass=*)', attributes: ['1.1'] } as const
    for await (const _ of directory.sync({ ...shape, controls: [control] })) break
    lines.pass('replication right', 'syncrepl')
  } catch {
    lines.fail('replication right', 'syncrepl is refused', 'switch the syncprov overlay on, and let the account read')
  }
}

async function checkReplication(directory: Directory, { namingContext, kind }: Root, lines: Lines): Promise<void> {
  // The stream cursor of nothing: one page is enough to learn whether the account may.
  const feed = readDirSync({ directory, kind, namingContext, attributes: [] }, undefined, {
    dialect: 'dirsync',
    phase: 'snapshot',
    cookie: '',
  })
  try {
    await feed.next()
    lines.pass('replication right', 'DirSync')
  } catch {
    lines.warn(
      'replication right',
      'DirSync is refused; changes are read by uSNChanged',
      'grant Replicating Directory Changes for faster reading',
    )
  } finally {
    await feed.return(undefined as never)
  }
}

async function checkAttributes(
  directory: Directory,
  { namingContext: base, kind }: Root,
  attributes: readonly string[],
  lines: Lines,
): Promise<void> {
  let entries = 0
  for await (const page of directory.search({
    base,
    scope: 'sub',
    filter: observedFilter(kind),
    attributes: attributeList(attributes, [directories[kind].guid]),
    controls: [{ type: 'paged', size: 5, cookie: Buffer.alloc(0) }],
  })) {
    entries += page.filter((entry) => entry.attributes.length > 0).length
  }
  if (entries > 0) lines.pass('attributes readable', `${attributes.length} asked for`)
  else lines.fail('attributes readable', 'no object can be read', 'grant the account read access to the naming context')
}

class Lines {
  readonly all: agent.CheckLine[] = []
  private readonly subject: string

  constructor(subject: string) {
    this.subject = subject
  }

  pass(check: string, message: string): void {
    this.all.push({ subject: this.subject, check, verdict: 'VERDICT_PASS', message, mend: '' })
  }

  warn(check: string, message: string, mend: string): void {
    this.all.push({ subject: this.subject, check, verdict: 'VERDICT_WARN', message, mend })
  }

  fail(check: string, message: string, mend: string): void {
    this.all.push({ subject: this.subject, check, verdict: 'VERDICT_FAIL', message, mend })
  }
}
