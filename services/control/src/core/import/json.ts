/** Reads a parsed JSON document whose shape nobody vouches for, with the line of each part. */
import type { Path } from '../../ports.ts'

/** One part of the document, wherever it leads. */
export interface Part {
  readonly line: number
  at(key: string | number): Part
  text(): string
  /** Parts of a list; none where it is no list. */
  list(): readonly Part[]
  readonly isThere: boolean
  readonly value: unknown
}

export function partOf(value: unknown, line: (path: Path) => number, path: Path = []): Part {
  return {
    value,
    isThere: value !== undefined && value !== null,
    get line() {
      return line(path)
    },
    at: (key) => {
      const isOwn = typeof value === 'object' && value !== null && Object.hasOwn(value, key)
      return partOf(isOwn ? (value as Record<string | number, unknown>)[key] : undefined, line, [...path, key])
    },
    text: () => (typeof value === 'string' ? value : typeof value === 'number' ? String(value) : ''),
    list: () => (Array.isArray(value) ? value.map((each, index) => partOf(each, line, [...path, index])) : []),
  }
}
