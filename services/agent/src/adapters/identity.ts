/** The agent's own certificate: got once with a token, kept in a folder, renewed by itself; its key never leaves. */
import { createHash, X509Certificate } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Channels, call, createChannels, Failure, requestCertificate, type TlsFiles } from '@canopy/chassis'
import { enrolment } from '@canopy/proto'
import { pinnedAuthority } from './pinned.ts'
import { parseToken } from './token.ts'

export interface IdentityOptions {
  readonly dir: string
  /** Read only while there is no certificate that counts. */
  readonly tokenFile: string | undefined
  /** Where the hub is; default: what the token said. */
  readonly hub: string | undefined
  readonly now: () => Date
}

export interface Identity {
  readonly hub: string
  readonly tls: TlsFiles
  /** When it is to be renewed: a third of its life is left then. */
  readonly renewAtMs: number
  readonly endsAtMs: number
}

const filesIn = (dir: string) => ({
  certFile: join(dir, 'agent.crt'),
  keyFile: join(dir, 'agent.key'),
  caFile: join(dir, 'ca.crt'),
  hubFile: join(dir, 'hub'),
  /** Digest of the token that was used last. */
  usedFile: join(dir, 'used'),
})

/** Failure CANOPY-AGENT-0009: no certificate that counts, and no token. */
export async function ensureIdentity(options: IdentityOptions): Promise<Identity> {
  const known = await readIdentity(options)
  if (known) return known
  const token =
    options.tokenFile === undefined ? undefined : await readFile(options.tokenFile, 'utf8').catch(() => undefined)
  if (token === undefined) throw noToken(options)
  await enrol(options, token)
  const made = await readIdentity(options)
  if (made) return made
  throw noToken(options)
}

async function readIdentity({ dir, hub, now }: IdentityOptions): Promise<Identity | undefined> {
  const { certFile, keyFile, caFile, hubFile } = filesIn(dir)
  const [pem, told] = await Promise.all(
    [certFile, hubFile].map((file) => readFile(file, 'utf8').catch(() => undefined)),
  )
  if (pem === undefined) return undefined
  const { validFromDate, validToDate } = new X509Certificate(pem)
  const [fromMs, toMs] = [validFromDate.getTime(), validToDate.getTime()]
  const place = hub ?? told?.trim() ?? ''
  if (toMs <= now().getTime() || place === '') return undefined
  return { hub: place, tls: { certFile, keyFile, caFile }, renewAtMs: toMs - (toMs - fromMs) / 3, endsAtMs: toMs }
}

async function enrol(options: IdentityOptions, text: string): Promise<void> {
  const { hub: told, pin, token } = parseToken(text)
  const hub = options.hub ?? told
  if (hub === '') throw noHub()
  const authority = await pinnedAuthority(hub, pin)
  const { csr, keyPem } = await requestCertificate('agent')
  const channels = createChannels({ peers: { hub }, authority })
  try {
    const client = channels.client('hub', enrolment.EnrolmentClient)
    const { certificate } = await call(client, 'enrol', { token, csr: Buffer.from(csr) })
    const { certFile, keyFile, caFile, hubFile, usedFile } = filesIn(options.dir)
    await mkdir(options.dir, { recursive: true, mode: 0o700 })
    await writeFile(keyFile, keyPem, { mode: 0o600 })
    await writeFile(caFile, authority)
    await writeFile(hubFile, hub)
    await writeFile(usedFile, digest(text))
    // Last: with it the identity is whole.
    await replace(certFile, certificate)
  } finally {
    channels.close()
  }
}

/** A token was put there that was not used yet: its digest. It lets a revoked agent in again, or moves it to another hub. */
export async function freshToken({ dir, tokenFile }: IdentityOptions): Promise<string | undefined> {
  if (tokenFile === undefined) return undefined
  const read = (file: string): Promise<string | undefined> => readFile(file, 'utf8').catch(() => undefined)
  const [text, used] = await Promise.all([read(tokenFile), read(filesIn(dir).usedFile)])
  return text === undefined || digest(text) === used ? undefined : digest(text)
}

/** Enrols with the token that lies there, whatever certificate there is. */
export async function enrolAgain(options: IdentityOptions): Promise<void> {
  await enrol(options, await readFile(options.tokenFile ?? '', 'utf8'))
}

const digest = (token: string): string => createHash('sha256').update(token.trim()).digest('hex')

/** With the same key, over the connection that the old certificate opened. */
export async function renewIdentity(options: IdentityOptions, channels: Channels): Promise<Identity> {
  const { certFile, keyFile } = filesIn(options.dir)
  const { csr } = await requestCertificate('agent', await readFile(keyFile, 'utf8'))
  const client = channels.client('hub', enrolment.EnrolmentClient)
  const { certificate } = await call(client, 'renew', { csr: Buffer.from(csr) })
  await replace(certFile, certificate)
  return (await readIdentity(options))!
}

async function replace(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text, { mode: 0o600 })
  await rename(`${file}.new`, file)
}

const noToken = ({ dir, tokenFile }: IdentityOptions): Failure =>
  new Failure({
    kind: 'permanent',
    code: 'CANOPY-AGENT-0009',
    message: 'this agent has no certificate that counts, and no token to get one with',
    at: tokenFile ?? dir,
    mend: 'canopy agent token NAME prints a token; put it into the file of agent.enrolment.token_file',
  })

const noHub = (): Failure =>
  new Failure({
    kind: 'permanent',
    code: 'CANOPY-AGENT-0010',
    message: 'neither the token nor the configuration says where the hub is',
    at: 'agent.hub',
    mend: 'set agent.hub to host:port of the port for agents, or control.agents.hub before making tokens',
  })
