/** What a configuration schema says about itself: JSON Schema, and rows for the generated reference. */
import { z } from 'zod'
import { objectsOf, unwrapSchema } from './schema-walk.ts'

export interface ReferenceRow {
  /** "rpc.tls.cert_file"; "[]" marks an item of a list, "<name>" a key that is chosen freely. */
  readonly path: string
  readonly type: string
  /** As YAML would say it; undefined: none. */
  readonly default: string | undefined
  readonly required: boolean
  readonly description: string
}

/** What may be written (before defaults are filled in). Checks that JSON Schema cannot say are left out. */
export function jsonSchema(schema: z.ZodType): object {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })
}

/** One row per key, depth first, in the order of the schema. */
export function configReference(schema: z.ZodType): readonly ReferenceRow[] {
  return rowsOf(schema, '')
}

function rowsOf(schema: z.core.$ZodType, prefix: string): readonly ReferenceRow[] {
  const objects = objectsOf(schema)
  const keys = new Set(objects.flatMap((object) => Object.keys(object.shape)))
  return [...keys].flatMap((key) => {
    const children = objects.flatMap((object) => object.shape[key] ?? [])
    const path = prefix === '' ? key : `${prefix}.${key}`
    const rows = children.map((child) => rowOf(child, path))
    const own: ReferenceRow = {
      ...rows[0]!,
      type: [...new Set(rows.map((row) => row.type))].join(' or '),
      // A key of one form of a union alone may be left out by taking another.
      required: rows.length === objects.length && rows.every((row) => row.required),
    }
    const below = new Map(children.flatMap((child) => childRows(child, path)).map((row) => [row.path, row]))
    return [own, ...below.values()]
  })
}

function childRows(schema: z.core.$ZodType, path: string): readonly ReferenceRow[] {
  const inner = unwrapSchema(schema)
  if (inner instanceof z.ZodArray) return rowsOf(inner.element, `${path}[]`)
  if (inner instanceof z.ZodRecord) return rowsOf(inner.valueType, `${path}.<name>`)
  return rowsOf(schema, path)
}

function rowOf(schema: z.core.$ZodType, path: string): ReferenceRow {
  const given = defaultOf(schema)
  const absent = z.safeParse(schema, undefined)
  return {
    path,
    type: typeOf(schema),
    default: given === undefined ? undefined : JSON.stringify(given),
    required: !absent.success,
    description: descriptionOf(schema),
  }
}

/** Objects that are filled from their parts have no default of their own worth showing. */
function defaultOf(schema: z.core.$ZodType): unknown {
  const wrapped = schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault
  if (!wrapped) return undefined
  const value = schema.def.defaultValue
  return objectsOf(schema).length > 0 && JSON.stringify(value) === '{}' ? undefined : value
}

function descriptionOf(schema: z.core.$ZodType): string {
  const outer = z.globalRegistry.get(schema)?.description
  const inner = z.globalRegistry.get(unwrapSchema(schema))?.description
  return outer ?? inner ?? ''
}

function typeOf(schema: z.core.$ZodType): string {
  const inner = unwrapSchema(schema)
  if (inner instanceof z.ZodEnum) return inner.options.map((option) => `\`${option}\``).join(', ')
  if (inner instanceof z.ZodLiteral) return [...inner.values].map((value) => `\`${String(value)}\``).join(', ')
  if (inner instanceof z.ZodArray) return `list of ${typeOf(inner.element)}`
  if (inner instanceof z.ZodUnion) return [...new Set(inner.def.options.map(typeOf))].join(' or ')
  if (inner instanceof z.ZodRecord) return `map of ${typeOf(inner.valueType)}`
  if (inner instanceof z.ZodString) return 'text'
  return inner._zod.def.type
}
