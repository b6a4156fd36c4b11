/** A YAML text as a value that still knows where each of its parts stands. */
import { isMap, isPair, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml'
import type { ConfigProblem, Path } from './problem.ts'
import { pathText } from './problem.ts'

export interface Place {
  readonly line: number
  readonly column: number
}

export interface ConfigDocument {
  /** Plain data; undefined when the text is no YAML. */
  readonly value: unknown
  readonly problems: readonly ConfigProblem[]
  /** Of the part at a path, or of the nearest part around it; `ofKey`: of the key itself instead of its value. */
  place(path: Path, ofKey?: boolean): Place
}

const notYaml = 'look at this line and the one before it: quotes, brackets and indentation must match'

/** Never throws: what cannot be read is a problem with its place. */
export function parseConfigDocument(text: string): ConfigDocument {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true, merge: false })
  const placeOf = (offset: number): Place => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }
  const problems: ConfigProblem[] = document.errors.map((error) => ({
    code: 'CANOPY-CONFIG-0001',
    path: '',
    ...placeOf(error.pos[0]),
    message: `not readable as YAML: ${error.message}`,
    mend: notYaml,
    warning: false,
  }))
  const read =
    problems.length > 0 ? { value: undefined, problems } : readValue(() => document.toJS({ maxAliasCount: 50 }))
  return {
    value: read.value,
    problems: read.problems,
    place: (path, ofKey = false) => placeOf(offsetAt(document.contents, path, ofKey)),
  }
}

function readValue(read: () => unknown): { value: unknown; problems: readonly ConfigProblem[] } {
  try {
    return { value: read(), problems: [] }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const problem = {
      code: 'CANOPY-CONFIG-0001',
      path: pathText([]),
      line: 1,
      column: 1,
      mend: notYaml,
      warning: false,
    }
    return { value: undefined, problems: [{ ...problem, message: `not readable as YAML: ${message}` }] }
  }
}

function offsetAt(root: Node | null | undefined, path: Path, ofKey: boolean): number {
  let node: unknown = root
  let offset = root?.range?.[0] ?? 0
  for (const [depth, step] of path.entries()) {
    const last = depth === path.length - 1
    if (isMap(node)) {
      const pair = node.items.find(
        (item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(step),
      )
      if (pair === undefined) return offset
      const keyOffset = isScalar(pair.key) ? (pair.key.range?.[0] ?? offset) : offset
      node = pair.value
      offset = last && ofKey ? keyOffset : (rangeStart(pair.value) ?? keyOffset)
    } else if (isSeq(node)) {
      node = node.items[Number(step)]
      if (node === undefined) return offset
      offset = rangeStart(node) ?? offset
    } else return offset
  }
  return offset
}

function rangeStart(node: unknown): number | undefined {
  return isMap(node) || isSeq(node) || isScalar(node) ? node.range?.[0] : undefined
}
