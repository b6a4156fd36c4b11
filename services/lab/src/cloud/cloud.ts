/** Starts the lab cloud: one HTTPS server that stands for a Microsoft tenant. */
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type Authority, createAuthority } from '../authority.ts'
import { type CloudFaults, FaultState } from './faults.ts'
import { openJournal } from './journal.ts'
import { type LabTenant, labTenant, type RequestCounters } from './lab-tenant.ts'
import { type Client, SignIn } from './oauth.ts'
import { leastRoles } from './rights.ts'
import { answerHttp } from './server.ts'
import { type Domain, Tenant } from './tenant.ts'
import { publishedQuota, unlimited } from './throttle.ts'

export interface CloudOptions {
  readonly name: string
  /** Keeps the tenant, its clients and its certificates here; without it everything lives in memory. */
  readonly dir?: string
  /** Default 127.0.0.1. */
  readonly host?: string
  /** Default 0: any free port. */
  readonly port?: number
  readonly authority?: Authority
  readonly tenantId?: string
  /** Default: one client with the least roles and a random secret. */
  readonly clients?: readonly Client[]
  /** Verified domains, the initial one first. Default: tenant.onmicrosoft.lab, contoso.lab, fabrikam.lab. */
  readonly domains?: readonly (string | { readonly name: string; readonly federated: boolean })[]
  readonly lag?: { readonly ms: number }
  /** Default unlimited. */
  readonly quota?: 'published' | 'unlimited'
  /** Makes object ids, the tenant id and client ids repeatable. */
  readonly seed?: string
  /** Default soft, as the service does since 2026. */
  readonly securityGroupDelete?: 'soft' | 'hard'
  /** Default 3599. */
  readonly tokenLifetimeSecs?: number
  readonly nowMs?: () => number
}

export interface LabCloud {
  readonly name: string
  readonly tenantId: string
  readonly graphUrl: string
  readonly authorityUrl: string
  readonly exchangeUrl: string
  readonly caPem: string
  readonly client: { readonly id: string; readonly secret: string }
  /** Opens the control path below /lab/. */
  readonly controlToken: string
  readonly directory: LabTenant
  readonly faults: CloudFaults
  /** Ends open connections, writes a snapshot, closes. */
  close(): Promise<void>
}

interface Registration {
  readonly tenantId: string
  readonly clients: readonly Client[]
}

function idFrom(seed: string | undefined, what: string): string {
  if (seed === undefined) return randomUUID()
  const hex = createHash('sha256').update(`${seed}:${what}`).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

function rememberedRegistration(dir: string | undefined): Registration | undefined {
  if (dir === undefined) return undefined
  try {
    return JSON.parse(readFileSync(join(dir, 'registration.json'), 'utf8')) as Registration
  } catch {
    return undefined
  }
}

/** Tenant id and clients: as given, else as kept in the folder, else made and kept. */
function registrationOf(options: CloudOptions): Registration {
  const known = rememberedRegistration(options.dir)
  const made: Client = {
    id: idFrom(options.seed, 'client'),
    secret: randomBytes(24).toString('base64url'),
    roles: leastRoles,
  }
  const registration: Registration = {
    tenantId: options.tenantId ?? known?.tenantId ?? idFrom(options.seed, 'tenant'),
    clients: options.clients ?? known?.clients ?? [made],
  }
  if (registration.clients.length === 0) throw new Error('A tenant needs at least one client')
  if (options.dir !== undefined) {
    mkdirSync(options.dir, { recursive: true, mode: 0o700 })
    const path = join(options.dir, 'registration.json')
    writeFileSync(`${path}.new`, JSON.stringify(registration), { mode: 0o600 })
    renameSync(`${path}.new`, path)
  }
  return registration
}

function domainsOf(options: CloudOptions): readonly Domain[] {
  const given = options.domains ?? [`${options.name.split('.')[0]}.onmicrosoft.lab`, 'contoso.lab', 'fabrikam.lab']
  return given.map((domain, at) => {
    const { name, federated } = typeof domain === 'string' ? { name: domain, federated: false } : domain
    return { name, authenticationType: federated ? 'Federated' : 'Managed', isInitial: at === 0 }
  })
}

const listen = (server: Server, port: number, host: string): Promise<number> =>
  new Promise((done, refused) => {
    server.once('error', refused)
    server.listen(port, host, () => {
      server.off('error', refused)
      done((server.address() as AddressInfo).port)
    })
  })

function openTenant(options: CloudOptions, tenantId: string): Tenant {
  const tenant = new Tenant({
    id: tenantId,
    name: options.name,
    domains: domainsOf(options),
    lagMs: options.lag?.ms ?? 0,
    securityGroupDelete: options.securityGroupDelete ?? 'soft',
    seed: options.seed,
    nowMs: options.nowMs ?? Date.now,
  })
  const { dir } = options
  if (dir !== undefined) tenant.open((store) => openJournal(join(dir, 'state'), store))
  return tenant
}

async function makeServer(options: CloudOptions, host: string): Promise<{ server: Server; caPem: string }> {
  const { dir } = options
  const authority = options.authority ?? (await createAuthority(dir === undefined ? undefined : join(dir, 'authority')))
  const names = [...new Set([host, '127.0.0.1', 'localhost', options.name])]
  const { certPem, keyPem } = await authority.issue(names)
  const server = createServer({ cert: certPem, key: keyPem, keepAlive: true, noDelay: true })
  server.keepAliveTimeout = 60_000
  return { server, caPem: authority.caPem }
}

/** A tenant ready to be asked; everything in `dir` is as it was acknowledged before. */
export async function startCloud(options: CloudOptions): Promise<LabCloud> {
  const host = options.host ?? '127.0.0.1'
  const { tenantId, clients } = registrationOf(options)
  const { server, caPem } = await makeServer(options, host)
  const tenant = openTenant(options, tenantId)
  const nowMs = options.nowMs ?? Date.now
  const counters: RequestCounters = { log: new Map(), writes: 0 }
  const directory = labTenant(tenant, counters)
  const faults: FaultState = new FaultState({
    expireTokens: () => signIn.expireAll(),
    expireDeltaTokens: () => {
      tenant.deltaTokensValidFromMs = nowMs() + 1
    },
  })
  const signIn = new SignIn({
    tenantId,
    aliases: [options.name, ...tenant.settings.domains.map((domain) => domain.name)],
    clients,
    tokenLifetimeSecs: options.tokenLifetimeSecs ?? 3599,
    nowMs,
    refuseSecrets: () => faults.wrongSecret,
  })
  const throttle = options.quota === 'published' ? publishedQuota(tenantId, nowMs) : unlimited
  const controlToken = randomBytes(24).toString('base64url')
  let authorityUrl = ''
  const parts = {
    tenant,
    signIn,
    throttle,
    faults,
    counters,
    directory,
    controlToken,
    authorityUrl: () => authorityUrl,
  }
  server.on('request', (request, response) => void answerHttp(parts, request, response))
  const port = await listen(server, options.port ?? 0, host)
  authorityUrl = `https://${host.includes(':') ? `[${host}]` : host}:${port}`
  tenant.graphUrl = `${authorityUrl}/v1.0`
  const first = clients[0] as Client
  return {
    name: options.name,
    tenantId,
    graphUrl: tenant.graphUrl,
    authorityUrl,
    exchangeUrl: `${authorityUrl}/adminapi/beta/${tenantId}`,
    caPem,
    client: { id: first.id, secret: first.secret },
    controlToken,
    directory,
    faults,
    close: async () => {
      const closed = new Promise<void>((done) => server.close(() => done()))
      server.closeAllConnections()
      await closed
      tenant.close()
    },
  }
}
