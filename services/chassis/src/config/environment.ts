/** Environment variables laid over a configuration: `CANOPY_SQL_URL_FILE` is `sql.url_file`. */
import { z } from 'zod'
import { objectsOf, unwrapSchema } from './schema-walk.ts'

export interface Overlaid {
  readonly value: unknown
  /** Variables that were taken. */
  readonly used: readonly string[]
  /** Variables that begin with CANOPY_ and name nothing: worth a warning, they may belong to somebody else. */
  readonly unknown: readonly string[]
}

const prefix = 'CANOPY_'
/** Read elsewhere: the file itself, credentials, tests. */
const reserved = /^CANOPY_(CONFIG$|CREDENTIAL_|TEST_)/

/** Keys are found by the schema, the longest first, so that underscores within a key need no escape. */
export function overlayEnvironment(request: {
  readonly schema: z.ZodType
  readonly value: unknown
  readonly environment: Readonly<Record<string, string | undefined>>
}): Overlaid {
  let value = request.value
  const used: string[] = []
  const unknown: string[] = []
  for (const [name, text] of Object.entries(request.environment)) {
    if (text === undefined || !name.startsWith(prefix) || reserved.test(name)) continue
    const target = findTarget(request.schema, name.slice(prefix.length))
    if (target === undefined) unknown.push(name)
    else {
      value = withValue(value, target.path, scalar(target.schema, text))
      used.push(name)
    }
  }
  return { value, used, unknown }
}

interface Target {
  readonly path: readonly string[]
  readonly schema: z.core.$ZodType
}

function findTarget(schema: z.core.$ZodType, rest: string): Target | undefined {
  const found: Target[] = []
  for (const object of objectsOf(schema)) {
    for (const [key, child] of Object.entries(object.shape)) {
      const word = key.toUpperCase().replaceAll('-', '_')
      if (rest === word && isScalarSchema(child)) found.push({ path: [key], schema: child })
      else if (rest.startsWith(`${word}_`)) {
        const deeper = findTarget(child, rest.slice(word.length + 1))
        if (deeper !== undefined) found.push({ path: [key, ...deeper.path], schema: deeper.schema })
      }
    }
  }
  return found.toSorted((a, b) => a.path.length - b.path.length)[0]
}

function isScalarSchema(schema: z.core.$ZodType): boolean {
  const inner = unwrapSchema(schema)
  if (inner instanceof z.ZodArray) return isScalarSchema(inner.element)
  return !(inner instanceof z.ZodObject) && !(inner instanceof z.ZodRecord)
}

/** Text for text, else what the text says; a list is separated by commas. What does not fit is left to the schema. */
function scalar(schema: z.core.$ZodType, text: string): unknown {
  const inner = unwrapSchema(schema)
  if (inner instanceof z.ZodArray) {
    return text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '')
      .map((part) => scalar(inner.element, part))
  }
  if (inner instanceof z.ZodNumber) return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text
  if (inner instanceof z.ZodBoolean) return text === 'true' ? true : text === 'false' ? false : text
  if (inner instanceof z.ZodUnion && (text === 'true' || text === 'false')) return text === 'true'
  return text
}

function withValue(into: unknown, path: readonly string[], value: unknown): unknown {
  const [first, ...rest] = path
  if (first === undefined) return value
  const record = isRecord(into) ? into : {}
  return { ...record, [first]: withValue(record[first], rest, value) }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
