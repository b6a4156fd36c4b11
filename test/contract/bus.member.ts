/** Another process of the bus contract: consumes or appends as its parent says, and tells it what it did. */
import { performance } from 'node:perf_hooks'
import { busOf, type MemberOrder, type MemberReport, plainTopic } from './bus.process.ts'

const positions = new Map<number, (position: bigint) => void>()
const tell = (report: MemberReport): void => {
  process.send?.(report)
}

process.on('message', (message: MemberOrder) => {
  if (message.kind === 'position') positions.get(message.partition)?.(BigInt(message.position))
  else void run(message).catch((error: unknown) => tell({ kind: 'failed', message: String(error) }))
})
process.on('disconnect', () => process.exit(0))
tell({ kind: 'ready' })

async function run(order: Exclude<MemberOrder, { kind: 'position' }>): Promise<void> {
  const { bus } = await busOf(order.connection)
  const topic = plainTopic(order.topic)
  await bus.ensureTopics([topic])
  if (order.kind === 'append') {
    for (let n = 0; n < order.count; n++) {
      const record = { key: order.name, value: Buffer.from(String(n)), headers: {}, timeMs: Date.now() }
      await bus.append({ topic, partition: 0, records: [record], deadlineMs: performance.now() + 20_000 })
    }
    await bus.close()
    tell({ kind: 'appended' })
    return
  }
  await bus.consume({
    group: order.group,
    topics: [topic],
    position: (_, partition) =>
      new Promise((resolve) => {
        positions.set(partition, resolve)
        tell({ kind: 'position?', partition })
      }),
    handle: async ({ partition, records }) => {
      tell({ kind: 'handled', partition, offsets: records.map(({ offset }) => String(offset)) })
    },
    onAssigned: (assigned) => tell({ kind: 'assigned', partitions: assigned.map(({ partition }) => partition) }),
  })
}
