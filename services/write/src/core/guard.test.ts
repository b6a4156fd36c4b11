import { describe, expect, it } from 'vitest'
import { defaultGuards, guardLimit, judge } from './guard.ts'

describe('guards', () => {
  it.each([
    ['a few deletions of a large tenant pass', { waiting: 5, done: 0, total: 10_000 }, true],
    ['fifty pass, fifty-one do not', { waiting: 51, done: 0, total: 100_000 }, false],
    ['what was done in the window counts', { waiting: 10, done: 41, total: 100_000 }, false],
    ['more than one per cent does not pass', { waiting: 11, done: 0, total: 1_000 }, false],
    ['one deletion of a tiny tenant passes', { waiting: 1, done: 0, total: 20 }, true],
  ])('%s', (_name, counts, pass) => {
    expect(judge(defaultGuards.delete, counts).pass).toBe(pass)
  })

  it('says what was counted', () => {
    expect(judge(defaultGuards.delete, { waiting: 60, done: 0, total: 90_000 })).toEqual({
      pass: false,
      reason: '60 in 24 h, limit 50',
    })
  })

  it('takes a configured bound and keeps the rest', () => {
    expect(guardLimit(defaultGuards.delete, { max: 500, percent: 0, floor: 0, overSeconds: 0 })).toEqual({
      ...defaultGuards.delete,
      max: 500,
    })
  })
})
