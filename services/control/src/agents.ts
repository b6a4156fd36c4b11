/** Enrolment of agents: tokens, certificates of the hub's own authority, revocation. */
import { createHash, randomBytes } from 'node:crypto'
import { type CertificateAuthority, Failure, openAuthority, type Sql, unary } from '@canopy/chassis'
import type { agents } from '@canopy/proto'
import {
  type Admitted,
  addCertificate,
  addToken,
  holderOf,
  listEnrolled,
  lockAgent,
  revokeAgent,
  revokedSerials,
  tokenAgent,
  useToken,
} from './adapters/store/agents.sql.ts'
import { events } from './events.ts'

export interface AgentsOptions {
  readonly sql: Sql
  readonly now: () => Date
  readonly authorityDir: string | undefined
  /** Written into tokens, so that an agent knows where to go. */
  readonly hub: string | undefined
  readonly certificateHours: number
  readonly tokenMinutes: number
}

/** Clocks of the two sides may differ by this much; of a short life, by a tenth of it. */
const skewOf = (lifeMs: number): number => Math.min(5 * 60_000, lifeMs / 10)
const hubCertificateMs = 90 * 86_400_000

export function agentsServer(options: AgentsOptions): agents.AgentsServer {
  const enrolment = new Enrolment(options)
  const { sql, now } = options
  return {
    createToken: unary((request: agents.CreateTokenRequest) => enrolment.createToken(request)),
    listEnrolled: unary(async () => ({ agents: (await listEnrolled(sql, now())).map(toEnrolled) })),
    revoke: unary(async ({ agent, who, why }: agents.RevokeRequest) => {
      const revoked = await sql.tx((tx) => revokeAgent(tx, { agent, who, why, now: now() }))
      if (revoked.certificates + revoked.tokens === 0) throw nobody(agent)
      events.agentRevoked({ agent, certificates: revoked.certificates })
      return revoked
    }),
    getAuthority: unary(async () => {
      const { certificate } = await enrolment.authority()
      return { authority: certificate, revoked: await revokedSerials(sql, now()) }
    }),
    issueHub: unary((request: agents.IssueHubRequest) => enrolment.issueHub(request)),
    issueAgent: unary((request: agents.IssueAgentRequest) => enrolment.issueAgent(request)),
  }
}

class Enrolment {
  private readonly options: AgentsOptions
  private opened: Promise<CertificateAuthority> | undefined

  constructor(options: AgentsOptions) {
    this.options = options
  }

  /** Failure CANOPY-ENROL-0001: none is configured. */
  authority(): Promise<CertificateAuthority> {
    const { authorityDir } = this.options
    if (authorityDir === undefined)
      throw new Failure({
        kind: 'permanent',
        code: 'CANOPY-ENROL-0001',
        message: 'this hub has no authority for the certificates of agents',
        at: 'control.agents.authority_dir',
        mend: 'name a folder that control keeps; the authority is made there at its first use',
      })
    this.opened ??= openAuthority(authorityDir).catch((error: unknown) => {
      this.opened = undefined
      throw error
    })
    return this.opened
  }

  async createToken(request: agents.CreateTokenRequest): Promise<agents.CreateTokenResponse> {
    const { sql, now, tokenMinutes, hub = '' } = this.options
    if (!/^[a-z0-9][a-z0-9.-]{0,62}$/.test(request.agent)) throw badName(request.agent)
    const { fingerprint } = await this.authority()
    const id = randomBytes(6).toString('hex')
    const secret = randomBytes(32).toString('base64url')
    const createdAt = now()
    const expiresAt = new Date(createdAt.getTime() + (request.validMinutes || tokenMinutes) * 60_000)
    const { agent, forests, who } = request
    await addToken(sql, { id, hash: hashOf(secret), agent, forests, createdAt, createdBy: who, expiresAt })
    events.tokenCreated({ agent })
    const parts = { hub, pin: fingerprint, token: `${id}.${secret}` }
    return { token: `canopy1.${Buffer.from(JSON.stringify(parts)).toString('base64url')}`, expiresAt }
  }

  async issueHub({ csr, names }: agents.IssueHubRequest): Promise<agents.IssueHubResponse> {
    const authority = await this.authority()
    const nowMs = this.options.now().getTime()
    const { certificate } = await authority.issue({
      csr,
      commonName: 'canopy hub',
      names,
      use: 'server',
      notBefore: new Date(nowMs - skewOf(hubCertificateMs)),
      notAfter: new Date(nowMs + hubCertificateMs),
    })
    return { certificate, authority: authority.certificate }
  }

  /** Failure CANOPY-ENROL-0003: the token does not work. -0004: the certificate no longer counts. */
  async issueAgent(request: agents.IssueAgentRequest): Promise<agents.IssueAgentResponse> {
    const { sql, now, certificateHours } = this.options
    const authority = await this.authority()
    return sql.tx(async (tx) => {
      const at = now()
      const admitted = await this.admit(tx, request, at)
      const lifeMs = certificateHours * 3_600_000
      const notAfter = new Date(at.getTime() + lifeMs)
      const { certificate, serial } = await authority.issue({
        csr: request.csr,
        commonName: admitted.agent,
        units: admitted.forests,
        use: 'client',
        notBefore: new Date(at.getTime() - skewOf(lifeMs)),
        notAfter,
      })
      await addCertificate(tx, { ...admitted, serial, issuedAt: at, notAfter })
      events.certificateIssued({ agent: admitted.agent, renewed: request.token === '' ? 1 : 0 })
      return { agent: admitted.agent, certificate, authority: authority.certificate, notAfter }
    })
  }

  private async admit(
    tx: Parameters<typeof useToken>[0],
    request: agents.IssueAgentRequest,
    now: Date,
  ): Promise<Admitted> {
    const [id = '', secret = ''] = request.token.split('.')
    const name = request.token === '' ? request.agent : await tokenAgent(tx, id)
    // One after another with a revocation: what is issued is seen by it, or sees it.
    if (name !== undefined) await lockAgent(tx, name)
    if (request.token === '') {
      const { serial, agent } = request
      const holder = await holderOf(tx, { serial, agent, now })
      if (holder) return holder
      throw refused('CANOPY-ENROL-0004', `the certificate of agent ${agent} no longer counts`)
    }
    const admitted = await useToken(tx, { id, hash: hashOf(secret), now })
    if (admitted) return admitted
    throw refused('CANOPY-ENROL-0003', 'the token is unknown, used, expired or revoked')
  }
}

/** The secret is 256 random bits: there is nothing to try out, a plain hash keeps it. */
const hashOf = (secret: string): Buffer => createHash('sha256').update(secret).digest()

const toEnrolled = (row: Awaited<ReturnType<typeof listEnrolled>>[number]): agents.EnrolledAgent => ({
  name: row.agent,
  enrolledAt: row.enrolled_at ?? undefined,
  notAfter: row.not_after ?? undefined,
  revokedAt: row.revoked_at ?? undefined,
  tokenExpiresAt: row.token_expires_at ?? undefined,
  forests: row.forests ?? [],
})

const refused = (code: string, message: string): Failure =>
  new Failure({ kind: 'permanent', code, message, mend: 'canopy agent token NAME makes a new token' })

const badName = (name: string): Failure =>
  new Failure({
    kind: 'permanent',
    code: 'CANOPY-ENROL-0005',
    message: `${name} is no name of an agent`,
    mend: 'lower-case letters, digits, dots and dashes, at most 63',
  })

const nobody = (name: string): Failure =>
  new Failure({
    kind: 'permanent',
    code: 'CANOPY-ENROL-0006-NOT-FOUND',
    message: `agent ${name} has no certificate and no token that still counts`,
    mend: 'canopy agent list shows who was enrolled',
  })
