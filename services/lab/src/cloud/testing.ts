/** A small HTTPS client for tests of the lab cloud: signs in, asks, and tells status, headers and body. */
import { Agent, request } from 'node:https'
import { type CloudOptions, type LabCloud, startCloud } from './cloud.ts'

export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly body: any
}

export interface AskOptions {
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export interface CloudClient {
  /** Asks the directory, path below /v1.0. */
  ask(method: string, path: string, options?: AskOptions): Promise<Reply>
  /** Asks any address of the server without a bearer. */
  raw(method: string, url: string, options?: AskOptions): Promise<Reply>
  token(change?: Readonly<Record<string, string>>): Promise<Reply>
  cmdlet(name: string, parameters: object, options?: AskOptions & { readonly url?: string }): Promise<Reply>
  close(): void
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return text === '' ? undefined : text
  }
}

export interface Address {
  readonly graphUrl: string
  readonly authorityUrl: string
  readonly exchangeUrl: string
  readonly tenantId: string
  readonly caPem: string
  readonly client: { readonly id: string; readonly secret: string }
}

export function cloudClient(cloud: Address): CloudClient {
  const agent = new Agent({ keepAlive: true, ca: cloud.caPem })
  const raw: CloudClient['raw'] = (method, url, options) =>
    new Promise((done, failed) => {
      const { body } = options ?? {}
      const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body)
      const headers = { ...(text === undefined ? {} : { 'content-type': 'application/json' }), ...options?.headers }
      const sent = request(url, { method, headers, agent }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', failed)
        response.on('end', () => {
          const answer = parse(Buffer.concat(chunks).toString())
          done({ status: response.statusCode ?? 0, headers: response.headers, body: answer })
        })
      })
      sent.on('error', failed)
      sent.end(text)
    })
  const token: CloudClient['token'] = (change) => {
    const form = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: cloud.client.id,
      client_secret: cloud.client.secret,
      scope: 'https://graph.microsoft.com/.default',
      ...change,
    })
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    return raw('POST', `${cloud.authorityUrl}/${cloud.tenantId}/oauth2/v2.0/token`, { body: form.toString(), headers })
  }
  const bearers = new Map<string, string>()
  const bearer = async (scope: string): Promise<string> => {
    const known = bearers.get(scope)
    if (known !== undefined) return known
    const { body } = await token({ scope })
    bearers.set(scope, `Bearer ${body.access_token}`)
    return `Bearer ${body.access_token}`
  }
  return {
    raw,
    token,
    ask: async (method, path, options) => {
      const authorization = await bearer('https://graph.microsoft.com/.default')
      const url = path.startsWith('https:') ? path : `${cloud.graphUrl}/${path.replaceAll(' ', '%20')}`
      return raw(method, url, { ...options, headers: { authorization, ...options?.headers } })
    },
    cmdlet: async (name, parameters, options) => {
      const authorization = await bearer('https://outlook.office365.com/.default')
      const body = { CmdletInput: { CmdletName: name, Parameters: parameters } }
      const url = options?.url ?? `${cloud.exchangeUrl}/InvokeCommand`
      return raw('POST', url, { body, headers: { authorization, ...options?.headers } })
    },
    close: () => agent.destroy(),
  }
}

export interface TestCloud extends CloudClient {
  readonly cloud: LabCloud
}

/** A cloud of the test's own with a client that may do everything a writer does. */
export async function openCloud(options: Partial<CloudOptions> = {}): Promise<TestCloud & AsyncDisposable> {
  const cloud = await startCloud({ name: 'tenant.lab', ...options })
  const client = cloudClient(cloud)
  return {
    ...client,
    cloud,
    [Symbol.asyncDispose]: async () => {
      client.close()
      await cloud.close()
    },
  }
}

/** The body of a user that is accepted. */
export const userBody = (alias: string, change: object = {}): object => ({
  accountEnabled: true,
  displayName: alias,
  mailNickname: alias,
  userPrincipalName: `${alias}@contoso.lab`,
  passwordProfile: { password: 'Correct-horse-9' },
  ...change,
})

/** The body of a security group that is accepted. */
export const groupBody = (name: string, change: object = {}): object => ({
  displayName: name,
  mailEnabled: false,
  mailNickname: name,
  securityEnabled: true,
  ...change,
})

export const unifiedBody = (name: string, change: object = {}): object =>
  groupBody(name, { groupTypes: ['Unified'], mailEnabled: true, securityEnabled: false, ...change })

export const referenceTo = (id: string): object => ({
  '@odata.id': `https://graph.microsoft.com/beta/directoryObjects/${id}`,
})
