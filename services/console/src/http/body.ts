/** The JSON body of a request, up to a size. */
import type { IncomingMessage } from 'node:http'
import { badRequest } from '../ports.ts'

const maxBodyBytes = 4 * 1024 * 1024

/** Undefined without a body. Failure CANOPY-CONSOLE-0004: too long, not JSON. */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > maxBodyBytes) throw badRequest('the body is longer than 4 MB')
    chunks.push(chunk)
  }
  if (size === 0) return undefined
  // A page in a browser can send forms to any address, but not this type without asking first.
  if (!/^application\/json\b/i.test(request.headers['content-type'] ?? '')) {
    throw badRequest('the body is not application/json', 'content-type')
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch {
    throw badRequest('the body is not JSON')
  }
}

/** A text of the body; empty when it is missing. */
export function bodyText(body: unknown, name: string): string {
  const value = typeof body === 'object' && body !== null && name in body ? (body as Record<string, unknown>)[name] : ''
  if (typeof value === 'string') return value
  throw badRequest(`${name} must be a text`, `body.${name}`)
}

/** Failure CANOPY-CONSOLE-0004 when it is missing or empty. */
export function requiredText(body: unknown, name: string): string {
  const value = bodyText(body, name)
  if (value === '') throw badRequest(`${name} is missing`, `body.${name}`)
  return value
}
