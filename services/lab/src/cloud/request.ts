/** A directory request after its envelope is opened: the same shape whether it came alone, in a batch or from a person. */
import { badRequest } from './failure.ts'

export interface Caller {
  readonly appId: string
  readonly roles: ReadonlySet<string>
  /** A person at the portal: holds every right, and is not an application. */
  readonly person: boolean
}

export interface GraphRequest {
  readonly method: string
  /** Path below the version, decoded, in its original case. */
  readonly segments: readonly string[]
  readonly query: Query
  readonly header: (name: string) => string | undefined
  readonly body: unknown
  readonly caller: Caller
}

export interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  /** An object, or text for the few plain answers. */
  readonly body?: object | string
}

/** Query options; names are folded to lower case and may be written without their dollar sign. */
export interface Query {
  readonly select: readonly string[] | undefined
  readonly filter: string | undefined
  readonly expand: string | undefined
  readonly search: string | undefined
  readonly orderBy: string | undefined
  readonly top: number | undefined
  readonly count: boolean
  readonly skipToken: string | undefined
  readonly deltaToken: string | undefined
  /** The query as it was sent, without the skip token. */
  readonly text: string
}

const optionNames = new Set([
  '$select',
  '$filter',
  '$expand',
  '$search',
  '$orderby',
  '$top',
  '$count',
  '$skiptoken',
  '$deltatoken',
  '$format',
])

export const emptyQuery: Query = {
  select: undefined,
  filter: undefined,
  expand: undefined,
  search: undefined,
  orderBy: undefined,
  top: undefined,
  count: false,
  skipToken: undefined,
  deltaToken: undefined,
  text: '',
}

const decode = (text: string): string => {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw badRequest('The query is not correctly encoded.')
  }
}

function topOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const top = Number(text)
  if (!Number.isInteger(top) || top < 1 || top > 999) {
    throw badRequest(`Invalid page size specified: '${text}'. Must be between 1 and 999 inclusive.`)
  }
  return top
}

/** Reads the part after the question mark. Unknown options are ignored, unknown `$` options refused. */
export function parseQuery(text: string): Query {
  if (text === '') return emptyQuery
  const values = new Map<string, string>()
  const kept: string[] = []
  for (const pair of text.split('&')) {
    const at = pair.indexOf('=')
    const raw = decode(at < 0 ? pair : pair.slice(0, at)).toLowerCase()
    const name = optionNames.has(`$${raw}`) ? `$${raw}` : raw
    if (name.startsWith('$') && !optionNames.has(name)) {
      throw badRequest(`The query specified in the URI is not valid. The query parameter '${name}' is not supported.`)
    }
    values.set(name, at < 0 ? '' : decode(pair.slice(at + 1)))
    if (name !== '$skiptoken') kept.push(pair)
  }
  const filled = (name: string): string | undefined => values.get(name)?.trim() || undefined
  return {
    select: filled('$select')
      ?.split(',')
      .map((name) => name.trim())
      .filter((name) => name !== ''),
    filter: filled('$filter'),
    expand: filled('$expand'),
    search: filled('$search'),
    orderBy: filled('$orderby'),
    top: topOf(filled('$top')),
    count: filled('$count')?.toLowerCase() === 'true',
    skipToken: filled('$skiptoken'),
    deltaToken: filled('$deltatoken'),
    text: kept.join('&'),
  }
}

/** Whether the caller accepts eventually consistent answers, which advanced queries need. */
export const isEventual = (request: GraphRequest): boolean =>
  request.header('consistencylevel')?.toLowerCase() === 'eventual'

const keyed = /^([a-z]+)\((?:[a-z]+=)?'((?:[^']|'')*)'\)$/i
const keyName = /^[a-z]+\(([a-z]+)=/i

/** Splits a path below the version; `users('x')` becomes two segments, `groups(uniqueName='x')` names its key. */
export function parsePath(path: string): readonly string[] {
  const segments: string[] = []
  for (const part of path.split('/')) {
    if (part === '') continue
    let text = part
    if (part.includes('%')) {
      try {
        text = decodeURIComponent(part)
      } catch {
        throw badRequest('The path is not correctly encoded.')
      }
    }
    const found = text.endsWith(')') ? keyed.exec(text) : null
    if (found === null) segments.push(text)
    else {
      const name = keyName.exec(text)?.[1]
      const value = (found[2] ?? '').replaceAll("''", "'")
      segments.push(found[1] ?? '', name === undefined ? value : `${name.toLowerCase()}=${value}`)
    }
  }
  return segments
}

const idAtEnd = /([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\/?$/i
const referencePath = /(?:^|\/)(?:directoryobjects|users|groups|contacts)\/[^/]+\/?$/i

/** The id a reference points at, whatever host it names. */
export function referencedId(reference: unknown): string {
  const id = typeof reference === 'string' && referencePath.test(reference) ? idAtEnd.exec(reference)?.[1] : undefined
  if (id === undefined) throw badRequest('Invalid URL format specified in @odata.id or @odata.bind reference.')
  return id.toLowerCase()
}

/** A body that must be a JSON object. */
export function bodyObject(body: unknown): Readonly<Record<string, unknown>> {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw badRequest(
      'Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.',
    )
  }
  return body as Readonly<Record<string, unknown>>
}
