/** The sign-in side of a tenant: OIDC discovery, and tokens for applications by client credentials. */
import { createHmac, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto'
import type { Caller } from './request.ts'

export interface Client {
  readonly id: string
  readonly secret: string
  /** The application permissions its tokens carry. */
  readonly roles: readonly string[]
}

export type Audience = 'graph' | 'exchange'

interface Session {
  readonly caller: Caller
  readonly audience: Audience
  readonly expiresMs: number
}

export interface SignInSettings {
  readonly tenantId: string
  /** Other names of the tenant in sign-in addresses: its domains. */
  readonly aliases: readonly string[]
  readonly clients: readonly Client[]
  readonly tokenLifetimeSecs: number
  readonly nowMs: () => number
  readonly refuseSecrets: () => boolean
}

export interface TokenAnswer {
  readonly status: number
  readonly body: object
}

/** Refused bearers by their cause. */
export type BearerVerdict =
  | { readonly is: 'accepted'; readonly caller: Caller }
  | { readonly is: 'refused'; readonly code: string; readonly message: string }

const refusedBearer = (message: string): BearerVerdict => ({
  is: 'refused',
  code: 'InvalidAuthenticationToken',
  message,
})

const sameText = (a: string, b: string): boolean => {
  const left = Buffer.from(a)
  const right = Buffer.from(b)
  return left.length === right.length && timingSafeEqual(left, right)
}

const base64url = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

export class SignIn {
  readonly #settings: SignInSettings
  readonly #sessions = new Map<string, Session>()
  readonly #key = randomBytes(32)

  constructor(settings: SignInSettings) {
    this.#settings = settings
  }

  isTenant(name: string): boolean {
    const folded = name.toLowerCase()
    const { tenantId, aliases } = this.#settings
    return folded === tenantId.toLowerCase() || aliases.some((alias) => alias.toLowerCase() === folded)
  }

  discovery(authorityUrl: string): object {
    const base = `${authorityUrl}/${this.#settings.tenantId}`
    return {
      issuer: `${base}/v2.0`,
      authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
      token_endpoint: `${base}/oauth2/v2.0/token`,
      jwks_uri: `${base}/discovery/v2.0/keys`,
      token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic'],
      response_types_supported: ['token'],
      subject_types_supported: ['pairwise'],
      id_token_signing_alg_values_supported: ['RS256'],
      scopes_supported: ['openid'],
      claims_supported: ['aud', 'iss', 'iat', 'exp', 'tid', 'roles'],
      tenant_region_scope: 'LAB',
    }
  }

  unknownTenant(name: string): TokenAnswer {
    return this.#refuse(400, 'invalid_request', {
      code: 90002,
      text: `Tenant '${name}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.`,
    })
  }

  /** Answers the token endpoint's form. */
  token(form: URLSearchParams, authorization: string | undefined): TokenAnswer {
    if (form.get('grant_type') !== 'client_credentials') {
      return this.#refuse(400, 'unsupported_grant_type', {
        code: 70003,
        text: 'The app requested an unsupported grant type.',
      })
    }
    const basic = /^Basic (.+)$/i.exec(authorization ?? '')?.[1]
    const [basicId, basicSecret] = basic === undefined ? [] : Buffer.from(basic, 'base64').toString().split(':')
    const clientId = form.get('client_id') ?? (basicId === undefined ? '' : decodeURIComponent(basicId))
    const client = this.#settings.clients.find((known) => known.id.toLowerCase() === clientId.toLowerCase())
    if (client === undefined) {
      return this.#refuse(400, 'unauthorized_client', {
        code: 700016,
        text: `Application with identifier '${clientId}' was not found in the directory.`,
      })
    }
    if (form.has('client_assertion')) {
      return this.#refuse(401, 'invalid_client', {
        code: 700027,
        text: 'The certificate with identifier used to sign the client assertion is not registered on application.',
      })
    }
    const secret = form.get('client_secret') ?? (basicSecret === undefined ? '' : decodeURIComponent(basicSecret))
    if (this.#settings.refuseSecrets() || !sameText(secret, client.secret)) {
      return this.#refuse(401, 'invalid_client', {
        code: 7000215,
        text:
          'Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not ' +
          `the client secret ID, for a secret added to app '${client.id}'.`,
      })
    }
    return this.#issue(client, form.get('scope') ?? '')
  }

  #issue(client: Client, scope: string): TokenAnswer {
    if (!/^\S+\/\.default$/.test(scope)) {
      return this.#refuse(400, 'invalid_scope', {
        code: 1002012,
        text: `The provided value for scope ${scope} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier.`,
      })
    }
    const resource = scope.slice(0, -'/.default'.length)
    const audience: Audience = /outlook|exchange|adminapi/i.test(resource) ? 'exchange' : 'graph'
    const { nowMs, tokenLifetimeSecs, tenantId } = this.#settings
    const now = nowMs()
    const issuedSecs = Math.floor(now / 1000)
    const isExchangeRole = (role: string): boolean => role.startsWith('Exchange.')
    const roles = client.roles.filter((role) => isExchangeRole(role) === (audience === 'exchange'))
    const claims = {
      aud: resource,
      iss: `https://sts.windows.net/${tenantId}/`,
      iat: issuedSecs,
      nbf: issuedSecs,
      exp: issuedSecs + tokenLifetimeSecs,
      appid: client.id,
      idtyp: 'app',
      roles,
      tid: tenantId,
      uti: randomBytes(16).toString('base64url'),
      ver: '1.0',
    }
    const signed = `${base64url({ typ: 'JWT', alg: 'HS256' })}.${base64url(claims)}`
    const token = `${signed}.${createHmac('sha256', this.#key).update(signed).digest('base64url')}`
    this.#forgetExpired(now)
    const caller: Caller = { appId: client.id, roles: new Set(roles), person: false }
    this.#sessions.set(token, { caller, audience, expiresMs: now + tokenLifetimeSecs * 1000 })
    const body = {
      token_type: 'Bearer',
      expires_in: tokenLifetimeSecs,
      ext_expires_in: tokenLifetimeSecs,
      access_token: token,
    }
    return { status: 200, body }
  }

  #forgetExpired(nowMs: number): void {
    if (this.#sessions.size < 1000) return
    for (const [token, session] of this.#sessions) if (session.expiresMs <= nowMs) this.#sessions.delete(token)
  }

  #refuse(status: number, error: string, cause: { readonly code: number; readonly text: string }): TokenAnswer {
    const trace = randomUUID()
    const correlation = randomUUID()
    const timestamp = `${new Date(this.#settings.nowMs()).toISOString().slice(0, 19).replace('T', ' ')}Z`
    const description = `AADSTS${cause.code}: ${cause.text} Trace ID: ${trace} Correlation ID: ${correlation} Timestamp: ${timestamp}`
    return {
      status,
      body: {
        error,
        error_description: description,
        error_codes: [cause.code],
        timestamp,
        trace_id: trace,
        correlation_id: correlation,
        error_uri: `https://login.microsoftonline.com/error?code=${cause.code}`,
      },
    }
  }

  /** Whom a bearer stands for. */
  authenticate(authorization: string | undefined, audience: Audience): BearerVerdict {
    if (authorization === undefined || !/^Bearer \S/i.test(authorization))
      return refusedBearer('Access token is empty.')
    const session = this.#sessions.get(authorization.slice('Bearer '.length).trim())
    if (session === undefined) return refusedBearer('Access token validation failure. Invalid signature.')
    if (session.expiresMs <= this.#settings.nowMs())
      return refusedBearer('Lifetime validation failed, the token is expired.')
    if (session.audience !== audience) return refusedBearer('Access token validation failure. Invalid audience.')
    return { is: 'accepted', caller: session.caller }
  }

  expireAll(): void {
    for (const [token, session] of this.#sessions) this.#sessions.set(token, { ...session, expiresMs: 0 })
  }
}
