/** Client-credential tokens: one attempt per version of the credential, kept until shortly before they expire. */
import { Failure } from '@canopy/chassis'
import type { TargetCredential } from '../credential.ts'
import { type Http, HttpFailure } from './http.ts'
import type { SecretAttempts, TokenAnswer } from './secret-attempts.ts'

export interface TokenSource {
  /** A bearer token; throws Failure. */
  token(): Promise<string>
  /** Drops the token: the target said it is not good. */
  forget(): void
}

export interface TokenOptions {
  readonly http: Http
  readonly tenant: string
  readonly scope: string
  readonly target: string
  readonly credentialName: string
  readonly credential: () => Promise<TargetCredential>
  /** Shared by every target of the process. */
  readonly attempts: SecretAttempts
  readonly nowMs: () => number
}

export function clientCredentials(options: TokenOptions): TokenSource {
  let held: { token: string; until: number } | undefined
  let refused: { version: string; failure: Failure } | undefined
  let pending: Promise<string> | undefined

  const fetchToken = async (): Promise<string> => {
    const credential = await options.credential()
    if (refused?.version === credential.version) throw refused.failure
    const body = await options.attempts.ask(`${options.tenant} ${credential.version}`, () => ask(options, credential))
    if (!body.access_token) {
      refused = { version: credential.version, failure: refusal(options, body) }
      throw refused.failure
    }
    refused = undefined
    held = { token: body.access_token, until: options.nowMs() + ((body.expires_in ?? 3600) - 120) * 1000 }
    return held.token
  }

  return {
    token: () => {
      if (held && held.until > options.nowMs()) return Promise.resolve(held.token)
      pending ??= fetchToken().finally(() => {
        pending = undefined
      })
      return pending
    },
    forget: () => {
      held = undefined
    },
  }
}

async function ask(options: TokenOptions, credential: TargetCredential): Promise<TokenAnswer> {
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: credential.clientId,
    client_secret: credential.clientSecret,
    scope: options.scope,
  })
  try {
    const answer = await options.http.request({
      method: 'POST',
      path: `/${encodeURIComponent(options.tenant)}/oauth2/v2.0/token`,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: form.toString(),
      timeoutMs: 10_000,
    })
    if (answer.status >= 500 || answer.status === 429) {
      throw new Failure({
        kind: 'transient',
        code: 'CANOPY-CLOUD-0001',
        message: `${options.target}: the token endpoint answered ${answer.status}`,
      })
    }
    return (answer.body ?? {}) as TokenAnswer
  } catch (error) {
    if (!(error instanceof HttpFailure)) throw error
    throw new Failure({
      kind: 'transient',
      code: 'CANOPY-CLOUD-0001',
      message: `${options.target}: ${options.http.origin} cannot be reached: ${error.message}`,
      at: 'targets',
      mend: 'check the address, the network and the certificate authority; Canopy goes on by itself',
      cause: error,
    })
  }
}

/** AADSTS codes are the only text of the answer that is shown. */
function refusal(options: TokenOptions, body: TokenAnswer): Failure {
  const code = /AADSTS\d+/.exec(body.error_description ?? '')?.[0] ?? body.error ?? 'no code'
  return new Failure({
    kind: 'permanent',
    code: 'CANOPY-CLOUD-0002',
    message: `${options.target}: the tenant refused credential ${options.credentialName} (${code})`,
    at: `targets.${options.target}.credential`,
    mend: `give write a new value for ${options.credentialName}. Not tried again with this one; nothing is lost`,
  })
}
