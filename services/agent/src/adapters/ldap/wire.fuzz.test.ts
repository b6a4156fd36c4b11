/** The wire layer against hostile bytes: whatever arrives, it decodes or fails with BerError; it never hangs or over-reads. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Converted, EntryConverter } from '../../core/entry.ts'
import { BerError } from './ber.ts'
import { decodeSearchControls } from './controls.ts'
import { Framer } from './framer.ts'
import { MessageDecoder } from './message.ts'
import { toSyncItem } from './operation.ts'
import { syncOids } from './sync.ts'
import { entryBytes, intermediateBytes, random, referenceBytes, resultBytes, valueBytes } from './wire.fixture.ts'

/** Messages to spoil; CANOPY_FUZZ_SEED repeats or varies a run. */
const count = 1_000_000
const seed = Number(process.env.CANOPY_FUZZ_SEED ?? 42)
const uuid = Buffer.from('00112233445566778899aabbccddeeff', 'hex')

const stateControl = {
  oid: syncOids.state,
  value: valueBytes((writer) => {
    writer.writeEnumeration(1)
    writer.writeBuffer(uuid, 0x04)
    writer.writeBuffer(Buffer.from('rid=000,csn=1'), 0x04)
  }),
}

const samples: readonly Buffer[] = [
  entryBytes({
    id: 7,
    dn: 'CN=a,DC=x',
    attributes: {
      objectGUID: [uuid],
      'member;range=0-1': [Buffer.from('<GUID=x>;CN=b'), Buffer.from('<GUID=')],
      mail: [],
      isDeleted: [Buffer.from('FALSE')],
    },
  }),
  entryBytes({ id: 7, dn: 'uid=b,dc=x', attributes: { entryUUID: [uuid] }, controls: [stateControl] }),
  resultBytes(9, 0, { oid: '1.2.840.113556.1.4.319', value: Buffer.from('30050201010400', 'hex') }),
  resultBytes(9, 0, {
    oid: '1.2.840.113556.1.4.841',
    value: valueBytes((writer) => {
      writer.writeInt(1)
      writer.writeInt(0)
      writer.writeBuffer(Buffer.from('MSDS'), 0x04)
    }),
  }),
  resultBytes(9, 0, { oid: syncOids.done, value: valueBytes((writer) => writer.writeBuffer(uuid, 0x04)) }),
  resultBytes(1, 49, undefined, 0x61),
  resultBytes(2, 0, undefined, 0x78),
  referenceBytes(5, 'ldap://dc2.x/DC=x'),
  intermediateBytes(
    5,
    syncOids.info,
    valueBytes((writer) => {
      writer.writeBoolean(true)
      writer.startSequence(0x31)
      writer.writeBuffer(uuid, 0x04)
      writer.endSequence()
    }, 0xa3),
  ),
]

beforeAll(() => {
  // Nobody reads the stacks of half a million refusals.
  Error.stackTraceLimit = 0
})
afterAll(() => {
  Error.stackTraceLimit = 10
})

const wholes = new EntryConverter('plain', 'part')
const deltas = new EntryConverter('activeDirectory', 'incremental')

/** Values are made when they are looked at: none may turn out to be broken then. */
function look(converted: Converted | undefined): void {
  for (const { entry } of converted?.parts ?? []) {
    for (const name in entry.attributes) for (const value of entry.attributes[name]!.values) value.at(-1)
  }
}

/** Everything that is done with a message before the core sees it, and the core's first step. */
function digest(bytes: Buffer, cutAt: number): number {
  const decoder = new MessageDecoder()
  const framer = new Framer(1_000_000)
  let messages = 0
  const take = (buffer: Buffer, start: number, end: number): void => {
    const message = decoder.decode(buffer, start, end)
    messages++
    if (message.type === 'entry') {
      toSyncItem(message)
      look(wholes.convert(message.entry, true))
      look(deltas.convert(message.entry, false))
    } else if (message.type === 'intermediate') toSyncItem(message)
    else if (message.type === 'done') decodeSearchControls(message.controls)
  }
  if (cutAt > 0 && cutAt < bytes.length) {
    framer.push(bytes.subarray(0, cutAt), take)
    framer.push(bytes.subarray(cutAt), take)
  } else framer.push(bytes, take)
  return messages
}

/** A few bytes changed, some lengths made huge, some bytes doubled or missing, some ends cut off. */
function spoil(sample: Buffer, next: () => number): Buffer {
  const bytes = Buffer.from(sample)
  const changes = 1 + Math.floor(next() * 4)
  for (let n = 0; n < changes; n++) {
    const at = Math.floor(next() * bytes.length)
    const kind = next()
    if (kind < 0.6) bytes[at] = Math.floor(next() * 256)
    else if (kind < 0.8) bytes[at] = 0x80 | Math.floor(next() * 6)
    else if (kind < 0.9) bytes.copy(bytes, at, Math.floor(next() * bytes.length))
    else bytes.fill(0xff, at, Math.min(bytes.length, at + 4))
  }
  return next() < 0.2 ? bytes.subarray(0, Math.floor(next() * bytes.length)) : bytes
}

test(`${count.toLocaleString('en')} spoiled messages decode or fail with BerError`, { timeout: 120_000 }, () => {
  const next = random(seed)
  let decoded = 0
  let refused = 0
  const heapBefore = process.memoryUsage().rss
  for (let n = 0; n < count; n++) {
    const bytes = spoil(samples[n % samples.length]!, next)
    try {
      decoded += digest(bytes, Math.floor(next() * 60))
    } catch (error) {
      if (!(error instanceof BerError)) throw new Error(`seed ${seed}, message ${n}`, { cause: error })
      refused++
    }
  }
  expect(decoded).toBeGreaterThan(count / 50)
  expect(refused).toBeGreaterThan(count / 50)
  // None of them is longer than a few hundred bytes: whatever lengths they claim, nothing is set aside for them.
  expect(process.memoryUsage().rss - heapBefore).toBeLessThan(200 * 1024 * 1024)
})
