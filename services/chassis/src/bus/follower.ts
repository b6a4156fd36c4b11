/** Follows every partition of one topic from the beginning, without a group. */
import type { Consumer, StoredRecord } from './bus.ts'
import { batches, untilDone } from './deliver.ts'
import type { PartitionReader } from './reader.ts'

export interface FollowerOptions {
  /** One per partition, at the beginning, with the end it must reach to have caught up. */
  readonly partitions: readonly { readonly reader: PartitionReader; readonly end: bigint }[]
  readonly onRecords: (records: readonly StoredRecord[], caughtUp: boolean) => Promise<void>
  readonly onError: (error: unknown) => void
}

export function follow(options: FollowerOptions): Consumer {
  const closing = new AbortController()
  const stop = closing.signal
  const { onError, onRecords } = options
  let behind = options.partitions.length
  let turn: Promise<unknown> = Promise.resolve()
  /** One call at a time over all partitions. */
  const hand = (records: readonly StoredRecord[], reached: boolean): Promise<boolean> => {
    const mine = turn.then(() => {
      if (reached) behind--
      const caughtUp = reached && behind === 0
      return untilDone(() => onRecords(records, caughtUp), { stop, onError })
    })
    turn = mine
    return mine
  }

  const run = async ({ reader, end }: FollowerOptions['partitions'][number]): Promise<void> => {
    let position = reader.position
    let reached = position >= end
    if (reached && !(await hand([], true))) return
    while (!stop.aborted) {
      let chunk: Awaited<ReturnType<PartitionReader['next']>>
      await untilDone(
        async () => {
          chunk = await reader.next(stop)
        },
        { stop, onError },
      )
      if (chunk === undefined) continue
      position = chunk.next
      const parts = [...batches(chunk.records)]
      const arrives = !reached && position >= end
      if (parts.length === 0 && arrives) parts.push([])
      for (const [index, records] of parts.entries()) {
        if (!(await hand(records, arrives && index === parts.length - 1))) return
      }
      reached ||= arrives
    }
  }

  const done = Promise.all(options.partitions.map(run))
  return {
    close: async () => {
      closing.abort()
      await done
    },
  }
}
