/** Attributes as callers in the same process give them, brought into the form of operations. */
import type { Value } from './entry.ts'
import type { Change } from './operation.ts'

type Input = Value | number | boolean | readonly Value[]
/** Attributes by name; numbers and booleans are written as AD writes them. */
export type AttributeInput = Readonly<Record<string, Input | undefined>>

export function isChangeList(changes: readonly Change[] | AttributeInput): changes is readonly Change[] {
  return Array.isArray(changes)
}

/** Every attribute given takes the place of what is there. */
export function replaceAll(attributes: AttributeInput): Change[] {
  return Object.entries(attributes).map(([type, value]) => ({ kind: 'replace', type, values: inputValues(value) }))
}

export function inputRecord(attributes: AttributeInput): Record<string, readonly Value[]> {
  const record: Record<string, readonly Value[]> = {}
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined) record[name] = inputValues(value)
  return record
}

function inputValues(value: Input | undefined): readonly Value[] {
  if (value === undefined) return []
  if (typeof value === 'boolean') return [value ? 'TRUE' : 'FALSE']
  if (typeof value === 'number') return [String(value)]
  return typeof value === 'string' || Buffer.isBuffer(value) ? [value] : (value as readonly Value[])
}
