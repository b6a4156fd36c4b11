/** The tenant's memory on disk: a snapshot, and an append-only journal of every operation after it. */
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Entry, Operation, Store } from './store.ts'

/** A start with a longer journal than this writes a new snapshot. */
const snapshotAfterLines = 5000

export interface Journal {
  /** Keeps an operation for the next `flush`. */
  append(operation: Operation): void
  /** Hands everything appended to the operating system; from then on a killed process loses none of it. */
  flush(): void
  /** Writes a snapshot and closes. */
  close(): void
}

const putOf = (entry: Entry): Operation => ({
  op: 'put',
  seq: entry.seq,
  id: entry.id,
  kind: entry.kind,
  createdSeq: entry.createdSeq,
  properties: entry.properties,
  deletedAt: entry.deletedAt,
  manager: entry.manager,
  privileged: entry.privileged || undefined,
})

const historyOf = (entry: Entry): Operation => ({
  op: 'history',
  id: entry.id,
  seq: entry.seq,
  touched: [...entry.touched],
  members: [...entry.members],
  memberLog: entry.memberLog,
})

/** Every live fact of a store as operations: objects before the histories that point at them, in order of their changes. */
function* operationsOf(store: Store): Generator<Operation> {
  const entries = Object.values(store.entries).flatMap((map) => [...map.values()])
  // Paging walks objects in the order they were made, so a snapshot keeps it.
  for (const entry of entries.sort((a, b) => a.createdSeq - b.createdSeq)) yield putOf(entry)
  for (const entry of entries) {
    if (entry.touched.size + entry.members.size + entry.memberLog.length > 0) yield historyOf(entry)
  }
  for (const [id, { kind, seq }] of store.tombstones) yield { op: 'purge', id, kind, seq }
}

function parseLine(line: string): Operation | undefined {
  try {
    return JSON.parse(line) as Operation
  } catch {
    return undefined
  }
}

function replay(path: string, store: Store): number {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    return 0
  }
  // What follows the last newline was never acknowledged.
  const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n')
  for (const [at, line] of lines.entries()) {
    if (line === '') continue
    const operation = parseLine(line)
    if (operation === undefined)
      throw new Error(`${path} line ${at + 1} is damaged; only a torn last line is tolerated`)
    store.apply(operation)
  }
  return lines.length
}

const generationOf = (name: string): number => Number(/^snapshot-(\d+)\.jsonl$/.exec(name)?.[1] ?? -1)

function writeSnapshot(dir: string, generation: number, store: Store): void {
  const path = join(dir, `snapshot-${generation}.jsonl`)
  const file = openSync(`${path}.new`, 'w', 0o600)
  let part = ''
  for (const operation of operationsOf(store)) {
    part += `${JSON.stringify(operation)}\n`
    if (part.length > 1_000_000) {
      writeSync(file, part)
      part = ''
    }
  }
  writeSync(file, part)
  closeSync(file)
  renameSync(`${path}.new`, path)
}

function removeOlder(dir: string, generation: number): void {
  for (const name of readdirSync(dir)) {
    const found = /^(?:snapshot|journal)-(\d+)\.jsonl(?:\.new)?$/.exec(name)
    if (found !== null && Number(found[1]) < generation) rmSync(join(dir, name), { force: true })
  }
}

/** A write may be cut short by the system; the rest must follow, or the line is torn in the middle of the file. */
function writeWhole(file: number, text: string): void {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at)
}

/** Replays what `dir` holds into the store (order by change number restored) and opens its journal. */
export function openJournal(dir: string, store: Store): Journal {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  let generation = Math.max(0, ...readdirSync(dir).map(generationOf))
  replay(join(dir, `snapshot-${generation}.jsonl`), store)
  store.changes.sort((a, b) => a.seq - b.seq)
  const journaled = replay(join(dir, `journal-${generation}.jsonl`), store)
  const advance = (): void => {
    writeSnapshot(dir, generation + 1, store)
    generation += 1
    removeOlder(dir, generation)
  }
  if (journaled > snapshotAfterLines) advance()
  const path = join(dir, `journal-${generation}.jsonl`)
  cutTornLine(path)
  let file = openSync(path, 'a', 0o600)
  let waiting = ''
  const flush = (): void => {
    if (waiting === '') return
    const text = waiting
    waiting = ''
    writeWhole(file, text)
  }
  return {
    append: (operation) => {
      waiting += `${JSON.stringify(operation)}\n`
    },
    flush,
    close: () => {
      if (file < 0) return
      flush()
      closeSync(file)
      file = -1
      advance()
    },
  }
}

/** A torn last line would join the next one. */
function cutTornLine(path: string): void {
  let text: Buffer
  try {
    text = readFileSync(path)
  } catch {
    return
  }
  if (text.length === 0 || text.at(-1) === 0x0a) return
  const whole = text.subarray(0, text.lastIndexOf(0x0a) + 1)
  const file = openSync(`${path}.new`, 'w', 0o600)
  writeSync(file, whole)
  closeSync(file)
  renameSync(`${path}.new`, path)
}
