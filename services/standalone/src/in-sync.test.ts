import { capture, record, write } from '@canopy/proto'
import { describe, expect, it } from 'vitest'
import { type PipelineState, verdict } from './in-sync.ts'

const mark = (checkpoint: bigint) =>
  record.Watermark.fromPartial({ forest: 'a', partition: 'DC=a', epoch: 1n, checkpoint })
const state = (over: Partial<PipelineState> = {}): PipelineState => ({
  partitions: [capture.PartitionStatus.fromPartial({ forest: 'a', complete: true, state: 'PARTITION_STATE_STREAM' })],
  captured: [mark(3n)],
  reached: [mark(3n)],
  targets: [write.TargetStatus.fromPartial({ mode: 'sync', state: 'writing', backlog: { creates: 0 } })],
  ...over,
})

describe('in sync', () => {
  it('is where every watermark has reached the end and nothing is due', () => {
    expect(verdict(state())).toEqual({ state: 'inSync' })
  })
  it('is not while a forest is still being read', () => {
    expect(verdict(state({ partitions: [capture.PartitionStatus.fromPartial({ complete: false })] })).state).toBe(
      'working',
    )
  })
  it('is not while a watermark is on its way', () => {
    expect(verdict(state({ reached: [mark(2n)] })).state).toBe('working')
    expect(verdict(state({ reached: [] })).state).toBe('working')
  })
  it('is not while work is due, unless nothing may be written', () => {
    const busy = { state: 'writing', backlog: { creates: 5 } }
    expect(verdict(state({ targets: [write.TargetStatus.fromPartial({ ...busy, mode: 'sync' })] })).state).toBe(
      'working',
    )
    expect(verdict(state({ targets: [write.TargetStatus.fromPartial({ ...busy, mode: 'observe' })] })).state).toBe(
      'inSync',
    )
  })
  it('says what it waits for', () => {
    const waiting = capture.PartitionStatus.fromPartial({
      state: 'PARTITION_STATE_WAITING',
      code: 'CANOPY-LDAP-0004',
      message: 'refused',
      mend: 'new value',
    })
    expect(verdict(state({ partitions: [waiting] }))).toEqual({
      state: 'waiting',
      why: 'CANOPY-LDAP-0004  refused',
      mend: 'new value',
    })
  })
})
