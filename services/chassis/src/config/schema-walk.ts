/** Walks a zod schema by keys: which keys an object knows, what stands behind one of them. */
import { z } from 'zod'
import type { Path } from './problem.ts'

/** The schema without optional, default, prefault, nullable, readonly and pipe around it. */
export function unwrapSchema(schema: z.core.$ZodType): z.core.$ZodType {
  let inner = schema
  for (;;) {
    if (
      inner instanceof z.ZodOptional ||
      inner instanceof z.ZodDefault ||
      inner instanceof z.ZodPrefault ||
      inner instanceof z.ZodNullable ||
      inner instanceof z.ZodReadonly
    ) {
      inner = inner.def.innerType
    } else if (inner instanceof z.ZodPipe) {
      // A preprocessed schema has the transform in front and its shape behind; a transformed one the other way round.
      inner = inner.def.in instanceof z.ZodTransform ? inner.def.out : inner.def.in
    } else return inner
  }
}

/** The objects a schema may be: itself, or the options of a union. */
export function objectsOf(schema: z.core.$ZodType): readonly z.ZodObject[] {
  const inner = unwrapSchema(schema)
  if (inner instanceof z.ZodObject) return [inner]
  if (inner instanceof z.ZodUnion) return inner.def.options.flatMap(objectsOf)
  return []
}

/** Keys that may stand in the object at a path. */
export function knownKeys(schema: z.core.$ZodType, path: Path): readonly string[] {
  const keys = schemasAt(schema, path).flatMap((at) => objectsOf(at).flatMap((object) => Object.keys(object.shape)))
  return [...new Set(keys)]
}

/** The schemas a path leads to: several where a union lies on the way. */
export function schemasAt(schema: z.core.$ZodType, path: Path): readonly z.core.$ZodType[] {
  let at: readonly z.core.$ZodType[] = [schema]
  for (const step of path) at = at.flatMap((one) => childrenOf(one, step))
  return at
}

function childrenOf(schema: z.core.$ZodType, step: string | number): readonly z.core.$ZodType[] {
  const inner = unwrapSchema(schema)
  if (inner instanceof z.ZodObject) {
    const child = inner.shape[String(step)]
    return child === undefined ? [] : [child]
  }
  if (inner instanceof z.ZodArray) return [inner.element]
  if (inner instanceof z.ZodRecord) return [inner.valueType]
  if (inner instanceof z.ZodUnion) return inner.def.options.flatMap((option) => childrenOf(option, step))
  return []
}
