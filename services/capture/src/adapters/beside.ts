/** Asks a partition's agent for what is read beside its stream: objects to be read whole, places to be read again. */
import { classify, type Log, type Sql, sleep } from '@canopy/chassis'
import { type AgentSession, partitionKey } from './agent-session.ts'
import { firstReading, nextRereads, noteTrouble, type PartitionName, type ReadingRow } from './readings.sql.ts'
import type { Holder, Readings } from './readings.ts'
import { nextReturned } from './returned.sql.ts'

export interface BesideOptions {
  readonly sql: Sql
  readonly readings: Readings
  readonly log: Log
  readonly onPending: (of: PartitionName) => void
}

/** Objects that are asked for under one mark. */
const rereadChunk = 50
const objectTimeoutMs = 30_000
const windowTimeoutMs = 120_000
/** An object the stream keeps touching is tried again this often. */
const rounds = 5

const tooOld = 'the agent speaks an older protocol: update it, or read the whole forest again'

export class Beside {
  private readonly options: BesideOptions

  constructor(options: BesideOptions) {
    this.options = options
  }

  /** Does what is noted for the partition, behind what is under way. */
  work(session: AgentSession, of: PartitionName): void {
    const key = `beside ${partitionKey(of)}`
    if (session.busy(key)) return
    session.inLine(key, async () => {
      try {
        for (let round = 0; round < rounds; round++) {
          const left = (await this.rereads(session, of)) + (await this.returned(session, of))
          await this.readings(session, of)
          if (left === 0) return
          await sleep(1_000)
        }
      } catch (error) {
        const { code, message } = classify(error)
        this.options.log.warn({ code, forest: of.forest }, message)
      }
    })
  }

  /** Returns how many are still noted. */
  private async rereads(session: AgentSession, of: PartitionName): Promise<number> {
    const { sql, readings, onPending } = this.options
    const holder: Holder = { ...of, session: session.id }
    let after = ''
    for (;;) {
      const noted = await nextRereads(sql, of, after, rereadChunk)
      if (noted.length === 0) break
      const mark = await readings.open(holder)
      if (mark === undefined) return 0
      for (const { guid, absent } of noted) {
        const body = { $case: 'readObject', value: { ...of, who: guid, memberDn: '' } } as const
        const { code, entries } = await session.command(body, objectTimeoutMs)
        if (code !== '') return 0
        if (!(await readings.whole({ ...holder, guid }, { mark, absent, entries }))) return 0
        onPending(of)
      }
      after = noted.at(-1)!.guid
    }
    if (after !== '') await readings.close(holder)
    return (await nextRereads(sql, of, '', 1)).length
  }

  /** Asks the groups of this domain for what came back in another; returns how many are still noted. */
  private async returned(session: AgentSession, of: PartitionName): Promise<number> {
    const { sql, readings, onPending } = this.options
    const holder: Holder = { ...of, session: session.id }
    const noted = await nextReturned(sql, of, rereadChunk)
    if (noted.length === 0) return 0
    const mark = await readings.open(holder)
    if (mark === undefined) return 0
    for (const each of noted) {
      const body = { $case: 'readObject', value: { ...of, who: each.guid, memberDn: each.dn } } as const
      const { code, entries } = await session.command(body, objectTimeoutMs)
      if (code !== '') return 0
      if (!(await readings.holders(holder, each, { mark, entries }))) return 0
      onPending(of)
    }
    await readings.close(holder)
    return (await nextReturned(sql, of, 1)).length
  }

  private async readings(session: AgentSession, of: PartitionName): Promise<void> {
    for (;;) {
      const reading = await firstReading(this.options.sql, of)
      if (!reading) return
      if (session.hello.protocol < 2) return noteTrouble(this.options.sql, reading.id, tooOld)
      if (!(await this.read(session, of, reading))) return
      this.options.onPending(of)
      await this.rereads(session, of)
    }
  }

  /** False: it does not get on now. */
  private async read(session: AgentSession, of: PartitionName, begun: ReadingRow): Promise<boolean> {
    const { sql, readings } = this.options
    const holder: Holder = { ...of, session: session.id }
    // A position lives in one connection of one agent: whoever takes it up starts over, under a new mark.
    let reading: ReadingRow = { ...begun, mark: 0n }
    for (let first = true; ; first = false) {
      const mark = await readings.open(holder)
      if (mark === undefined) return false
      const { id, base } = reading
      const body = { $case: 'readWindow', value: { ...of, id, base, first } } as const
      const answer = await session.command(body, windowTimeoutMs)
      if (answer.code !== '') {
        await noteTrouble(sql, id, `${answer.code}  ${answer.message}`)
        await readings.close(holder)
        return false
      }
      const { entries, more } = answer
      const state = await readings.part(holder, reading, { mark, entries, last: !more })
      if (state === undefined) return false
      this.options.onPending(of)
      if (state === 'done') return true
      reading = { ...reading, mark: reading.mark === 0n ? mark : reading.mark }
    }
  }
}
