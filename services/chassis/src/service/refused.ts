/** Stand-ins for what a service did not ask for: using them is a defect of the service, said clearly. */
import type { Bus } from '../bus/bus.ts'
import { Failure } from '../failure.ts'
import type { Sql } from '../sql/sql.ts'

const refuse = (service: string, what: string, mend: string): never => {
  throw new Failure({
    kind: 'permanent',
    code: 'CANOPY-0003',
    message: `${service} uses ${what} without having asked for it`,
    mend,
  })
}

/** The `sql` of a service without migrations. */
export function refusedSql(service: string): Sql {
  const no = (): never => refuse(service, 'a store', 'name a migrations folder in its definition')
  return { schema: service, query: no, tx: no, listen: no, notify: no, close: async () => {} }
}

/** The `bus` of a process whose services need none. */
export function refusedBus(service: string): Bus {
  const no = (): never => refuse(service, 'the bus', 'remove bus: false from its definition')
  return {
    kind: 'postgres',
    ensureTopics: no,
    partitions: no,
    append: no,
    consume: no,
    follow: no,
    endOffsets: no,
    clean: no,
    close: async () => {},
  }
}
