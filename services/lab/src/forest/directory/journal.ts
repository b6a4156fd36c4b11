/** The forest on disk: one snapshot and the journal of what came after it, both JSON lines. */
import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import type { Operation } from './operation.ts'

interface Head {
  /** The journal that continues this snapshot. */
  readonly journal: number
}

const chunkSize = 1 << 20

/** Buffers as `{"b64":…}` in an otherwise plain value. */
function encode(this: Record<string, unknown>, key: string, value: unknown): unknown {
  const held = this[key]
  return Buffer.isBuffer(held) ? { b64: held.toString('base64') } : value
}

function decode(_key: string, value: unknown): unknown {
  if (typeof value === 'object' && value !== null && 'b64' in value && typeof value.b64 === 'string') {
    return Buffer.from(value.b64, 'base64')
  }
  return value
}

export class Journal {
  readonly #dir: string
  #number = 0
  #file: number | undefined
  #lines = 0

  constructor(dir: string) {
    this.#dir = dir
    mkdirSync(dir, { recursive: true, mode: 0o700 })
  }

  /** Operations since the last snapshot. */
  get lines(): number {
    return this.#lines
  }

  /** The lines of the snapshot, head first; undefined when the forest is new. */
  readSnapshot(): unknown[] | undefined {
    const path = join(this.#dir, 'snapshot.jsonl')
    if (!existsSync(path)) return undefined
    const lines = readLines(path)
    this.#number = (lines[0] as Head | undefined)?.journal ?? 0
    return lines
  }

  /** Operations journaled since the snapshot; what a torn last line held was never acknowledged and is cut off. */
  readOperations(): Operation[] {
    const path = this.#journalPath(this.#number)
    const operations = existsSync(path) ? (readLines(path, true) as Operation[]) : []
    this.#lines = operations.length
    return operations
  }

  append(operation: Operation): void {
    this.#file ??= openSync(this.#journalPath(this.#number), 'a', 0o600)
    writeAll(this.#file, `${JSON.stringify(operation, encode)}\n`)
    this.#lines++
  }

  /** Replaces snapshot and journal; a crash in between leaves the old pair or the new one. */
  writeSnapshot(head: Readonly<Record<string, unknown>>, lines: Iterable<unknown>): void {
    const next = this.#number + 1
    const path = join(this.#dir, 'snapshot.jsonl')
    rmSync(this.#journalPath(next), { force: true })
    const file = openSync(`${path}.new`, 'w', 0o600)
    let pending = `${JSON.stringify({ ...head, journal: next })}\n`
    for (const line of lines) {
      pending += `${JSON.stringify(line, encode)}\n`
      if (pending.length < chunkSize) continue
      writeAll(file, pending)
      pending = ''
    }
    writeAll(file, pending)
    closeSync(file)
    renameSync(`${path}.new`, path)
    this.close()
    rmSync(this.#journalPath(this.#number), { force: true })
    this.#number = next
    this.#lines = 0
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file)
    this.#file = undefined
  }

  #journalPath(number: number): string {
    return join(this.#dir, `journal-${number}.jsonl`)
  }
}

function writeAll(file: number, text: string): void {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at)
}

function readLines(path: string, mend = false): unknown[] {
  const bytes = readFileSync(path)
  const values: unknown[] = []
  let at = 0
  for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, at)) {
    const text = bytes.toString('utf8', at, end)
    values.push(text.includes('{"b64":') ? JSON.parse(text, decode) : JSON.parse(text))
    at = end + 1
  }
  if (mend && at < bytes.length) {
    const file = openSync(path, 'r+')
    ftruncateSync(file, at)
    closeSync(file)
  }
  return values
}
