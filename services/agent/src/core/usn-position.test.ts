/** Where a reading by uSNChanged goes on when servers change: with an overlap, never with a gap. */
import { expect, test } from 'vitest'
import { type Cursor, decodeCursor, encodeCursor } from './cursor.ts'
import { goOn, marked } from './usn-position.ts'

type UsnCursor = Extract<Cursor, { dialect: 'usn' }>

const at = (invocationId: string, usn: number, more: Partial<UsnCursor> = {}): UsnCursor => ({
  dialect: 'usn',
  phase: 'stream',
  invocationId,
  usn,
  until: usn,
  marks: [],
  others: [],
  ...more,
})
const marks = [
  { day: 100, usn: 300 },
  { day: 101, usn: 400 },
  { day: 102, usn: 480 },
]
const one = { invocationId: 'one', usn: 70, day: 90 }

test('the same server: from where it was left', () => {
  const stored = at('two', 500)
  expect(goOn(stored, 'two', { highest: 500, day: 102 }).from).toBe(stored)
})

test('a server that was read before: from a day before it was left, and the one now left is remembered so too', () => {
  const { from, others } = goOn(at('two', 500, { marks, others: [one] }), 'one', { highest: 90, day: 103 })
  expect(from).toMatchObject({ invocationId: 'one', usn: 70, phase: 'stream' })
  expect(others).toEqual([{ invocationId: 'two', usn: 400, day: 101 }])
})

test('a server never read: all it has, as changes, and the way back is known', () => {
  const first = goOn(at('two', 500, { marks }), 'three', { highest: 9, day: 103 })
  expect(first.from).toMatchObject({ phase: 'stream', invocationId: 'three', usn: 0 })
  const back = goOn(at('three', 9, { others: first.others }), 'two', { highest: 700, day: 104 })
  expect(back.from).toMatchObject({ invocationId: 'two', usn: 400 })
})

test.each([
  ['that went back', at('two', 500, { others: [one] }), { highest: 69, day: 103 }],
  ['left so long ago that tombstones may be gone', at('two', 5, { others: [one] }), { highest: 90, day: 121 }],
])('a known server %s: all it has, as changes', (_, stored, state) => {
  expect(goOn(stored, 'one', state).from).toMatchObject({ phase: 'stream', usn: 0 })
})

test.each([
  ['the same server, and it went back', at('two', 500), 'two', { highest: 499, day: 103 }],
  ['the same server, found to have another history', at('two', 500), 'two', { highest: 600, day: 103, wentBack: true }],
  ['back behind the end of a reading', at('two', 5, { phase: 'snapshot', until: 90 }), 'two', { highest: 89, day: 91 }],
  ['another one in the middle of a reading', at('two', 5, { phase: 'snapshot' }), 'one', { highest: 90, day: 91 }],
])('%s: from the start', (_, stored, invocationId, state) => {
  expect(goOn(stored, invocationId, state).from).toBeUndefined()
})

test('a server read for less than a day gives no position to come back to', () => {
  expect(goOn(at('two', 500, { marks: [{ day: 102, usn: 480 }] }), 'three', { highest: 9, day: 102 }).others).toEqual(
    [],
  )
})

test('a mark a day, and the cursor carries them', () => {
  const cursor = at('two', 510, { marks, others: [one] })
  expect(marked(cursor, 102)).toBe(cursor.marks)
  expect(marked(cursor, 103).at(-1)).toEqual({ day: 103, usn: 510 })
  expect(marked(cursor, 103)).toHaveLength(3)
  expect(decodeCursor(encodeCursor(cursor))).toEqual(cursor)
})

test('what is remembered of controllers goes with the position', () => {
  const tail = { from: 437, to: 500, seen: [{ guid: '03020100-0504-0706-0809-0a0b0c0d0e0f', usn: 498 }] }
  const controllers = [{ server: 'CN=NTDS Settings,CN=DC1', invocationId: 'one', tail }]
  const positions: Cursor[] = [
    at('two', 500, { tail }),
    { dialect: 'dirsync', phase: 'stream', cookie: 'TVNEUw==', controllers },
  ]
  for (const position of positions) expect(decodeCursor(encodeCursor(position))).toEqual(position)
  const older = Buffer.from('{"v":1,"dialect":"dirsync","phase":"stream","cookie":"TVNEUw=="}')
  expect(decodeCursor(older)).toMatchObject({ phase: 'stream', controllers: [] })
})
