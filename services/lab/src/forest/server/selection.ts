/** Which attributes a search asked for, and which part of a ranged one. */
import { type AttributeType, findAttribute } from '../directory/schema.ts'

export interface Range {
  readonly low: number
  /** Inclusive; undefined asks for as much as the server gives. */
  readonly high: number | undefined
}

export interface Selection {
  /** Everything `*` stands for. */
  readonly all: boolean
  readonly named: ReadonlySet<AttributeType>
  readonly ranges: ReadonlyMap<AttributeType, Range>
  readonly typesOnly: boolean
}

export function readSelection(names: readonly string[], typesOnly: boolean): Selection {
  const named = new Set<AttributeType>()
  const ranges = new Map<AttributeType, Range>()
  let all = names.length === 0
  for (const name of names) {
    if (name === '*') all = true
    const [base = '', ...options] = name.split(';')
    const type = findAttribute(base)
    if (type === undefined) continue
    named.add(type)
    for (const option of options) {
      const match = /^range=(\d+)-(\d+|\*)$/i.exec(option)
      if (match === null) continue
      ranges.set(type, { low: Number(match[1]), high: match[2] === '*' ? undefined : Number(match[2]) })
    }
  }
  return { all, named, ranges, typesOnly }
}
