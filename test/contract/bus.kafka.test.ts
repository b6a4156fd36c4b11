import { kafkaServer, startKafka } from '../servers/kafka/kafka.ts'
import { describeWith } from '../servers/required.ts'
import { busContract } from './bus.ts'
import { type BusConnection, busOf } from './bus.process.ts'

describeWith(kafkaServer, () => {
  busContract('Apache Kafka', async () => {
    const broker = await startKafka()
    const connection: BusConnection = { kind: 'kafka', brokers: broker.brokers }
    const first = await busOf(connection)
    const second = await busOf(connection)
    return {
      bus: first.bus,
      second: async () => second.bus,
      connection,
      close: async () => {
        await Promise.all([first.close(), second.close()])
        await broker.close()
      },
    }
  })
})
