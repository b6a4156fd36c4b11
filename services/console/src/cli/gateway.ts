/** Finds the gateway and asks it. */

import { readFile } from 'node:fs/promises'
import { type ClientRequest, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { join, resolve } from 'node:path'
import { Problem } from './problem.ts'

export interface GatewayPlace {
  /** http://host:port, https://host:port or unix:/path. */
  readonly url: string
  readonly token: string | undefined
  /** Where the address was found, for messages. */
  readonly from: string
}

export interface Gateway {
  readonly place: GatewayPlace
  get<T>(path: string, query?: Readonly<Record<string, string | undefined>>): Promise<T>
  post<T>(path: string, body: Readonly<Record<string, unknown>>): Promise<T>
  /** Data of each message of a stream, until the signal is aborted. Throws Problem when it breaks. */
  events<T>(path: string, query: Readonly<Record<string, string | undefined>>): AsyncGenerator<T>
}

export interface PlaceOptions {
  readonly url: string | undefined
  readonly tokenFile: string | undefined
  readonly data: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
}

/** --url or CANOPY_URL, else what a running standalone wrote into its data folder. Problem CANOPY-CLI-0001: neither. */
export async function findGateway(options: PlaceOptions): Promise<GatewayPlace> {
  const { env } = options
  const url = options.url ?? (options.data === undefined ? env.CANOPY_URL : undefined)
  if (url !== undefined && url !== '') {
    return { url: checkUrl(url, options.url ? '--url' : 'CANOPY_URL'), token: await givenToken(options), from: url }
  }
  const file = join(resolve(options.cwd, options.data ?? env.CANOPY_DATA ?? '.canopy'), 'console.json')
  const written = await readPlace(file)
  return { url: checkUrl(written.url, file), token: (await givenToken(options)) ?? written.token, from: file }
}

async function givenToken({ tokenFile, env }: PlaceOptions): Promise<string | undefined> {
  const path = tokenFile ?? env.CANOPY_TOKEN_FILE
  if (path === undefined) return env.CANOPY_TOKEN || undefined
  try {
    return (await readFile(path, 'utf8')).trim()
  } catch {
    throw new Problem({ code: 'CANOPY-CLI-0003', message: 'the file with the token cannot be read', at: path })
  }
}

async function readPlace(file: string): Promise<{ url: string; token: string | undefined }> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    const denied = error instanceof Error && 'code' in error && error.code === 'EACCES'
    throw denied
      ? new Problem({
          code: 'CANOPY-CLI-0001',
          message: 'the data folder belongs to another user',
          at: file,
          mend: 'run as that user, or name the gateway with --url',
        })
      : notRunning('no running Canopy was found', file)
  }
  try {
    const { url, token } = JSON.parse(text) as { url?: unknown; token?: unknown }
    if (typeof url === 'string') return { url, token: typeof token === 'string' ? token : undefined }
  } catch {
    // Told below.
  }
  throw notRunning('the address of the gateway cannot be read', file)
}

const notRunning = (message: string, at: string): Problem =>
  new Problem({
    code: 'CANOPY-CLI-0001',
    message,
    at,
    mend: 'start Canopy with npm start, or name the gateway with --url (its data folder with --data)',
  })

function checkUrl(url: string, at: string): string {
  if (url.startsWith('unix:/')) return url
  const protocol = URL.canParse(url) ? new URL(url).protocol : ''
  if (protocol === 'http:' || protocol === 'https:') return url.replace(/\/+$/, '')
  throw new Problem(
    {
      code: 'CANOPY-CLI-0004',
      message: `${url} is no address of a gateway`,
      at,
      mend: 'http://host:port, https://host:port or unix:/path',
    },
    2,
  )
}

export function connectGateway(place: GatewayPlace, signal: AbortSignal): Gateway {
  const asJson = async <T>(asked: Sending): Promise<T> => {
    const answer = await send(place, asked, signal)
    const text = await bodyOf(answer)
    if (answer.statusCode === 200) return parse<T>(text, place)
    throw refused(answer, text, place)
  }
  return {
    place,
    get: (path, query) => asJson({ method: 'GET', path: pathWith(path, query) }),
    post: (path, body) => asJson({ method: 'POST', path: `/api/v1/${path}`, body: JSON.stringify(body) }),
    events: (path, query) => events(place, pathWith(path, query), signal),
  }
}

interface Sending {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly body?: string
}

function pathWith(path: string, query: Readonly<Record<string, string | undefined>> = {}): string {
  const given = Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))
  return `/api/v1/${path}${given.length > 0 ? `?${new URLSearchParams(given)}` : ''}`
}

function send(place: GatewayPlace, asked: Sending, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((answered, reject) => {
    const headers: Record<string, string> = { accept: 'application/json, text/event-stream' }
    if (place.token !== undefined) headers.authorization = `Bearer ${place.token}`
    if (asked.body !== undefined) headers['content-type'] = 'application/json'
    const options: RequestOptions = { method: asked.method, headers, signal, agent: false }
    const request = open(place.url, asked.path, options)
    request.once('response', answered)
    request.once('error', (cause: NodeJS.ErrnoException) => reject(signal.aborted ? cause : unreachable(place, cause)))
    request.end(asked.body)
  })
}

function open(url: string, path: string, options: RequestOptions): ClientRequest {
  if (url.startsWith('unix:')) return httpRequest({ ...options, socketPath: url.slice('unix:'.length), path })
  return url.startsWith('https:') ? httpsRequest(url + path, options) : httpRequest(url + path, options)
}

function unreachable(place: GatewayPlace, cause: NodeJS.ErrnoException): Problem {
  const why =
    cause.code === 'ECONNREFUSED' || cause.code === 'ENOENT' ? 'nothing listens there' : (cause.code ?? cause.message)
  return notRunning(`Canopy does not answer at ${place.url} (${why})`, place.from)
}

async function bodyOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of answer as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

function parse<T>(text: string, place: GatewayPlace): T {
  try {
    return JSON.parse(text) as T
  } catch {
    throw new Problem({
      code: 'CANOPY-CLI-0005',
      message: `what answers at ${place.url} is no gateway of Canopy`,
      at: place.from,
    })
  }
}

function refused(answer: IncomingMessage, text: string, place: GatewayPlace): Problem {
  const body = parse<{ code?: unknown; message?: unknown; at?: unknown; mend?: unknown }>(text, place)
  const word = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)
  return new Problem({
    code: word(body.code) ?? 'CANOPY-CLI-0005',
    message: word(body.message) ?? `the gateway answered ${answer.statusCode}`,
    at: word(body.at),
    mend: word(body.mend),
  })
}

async function* events<T>(place: GatewayPlace, path: string, signal: AbortSignal): AsyncGenerator<T> {
  const answer = await send(place, { method: 'GET', path }, signal)
  if (answer.statusCode !== 200) throw refused(answer, await bodyOf(answer), place)
  answer.setEncoding('utf8')
  let rest = ''
  try {
    for await (const chunk of answer as AsyncIterable<string>) {
      const messages = (rest + chunk).split('\n\n')
      rest = messages.pop() ?? ''
      for (const message of messages) {
        const data = /^data: (.*)$/m.exec(message)?.[1]
        if (data === undefined) continue
        if (/^event: failure$/m.test(message)) throw refused(answer, data, place)
        yield parse<T>(data, place)
      }
    }
  } catch (error) {
    if (error instanceof Problem) throw error
  }
  if (!signal.aborted)
    throw new Problem({
      code: 'CANOPY-CLI-0006',
      message: 'the gateway ended the stream',
      at: place.url,
      mend: 'ask again; nothing is lost',
    })
}
