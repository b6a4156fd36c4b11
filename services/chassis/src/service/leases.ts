import { Failure } from '../failure.ts'
import type { LeasePool, LeasePoolOptions } from '../lease/lease.ts'
import type { Sql } from '../sql/sql.ts'
import type { Log } from '../telemetry/log.ts'

export async function leasePool(_options: LeasePoolOptions & { sql: Sql; instance: string; log: Log }): Promise<LeasePool> {
  throw new Failure({ kind: 'permanent', code: 'CANOPY-0003', message: 'leases are not there yet' })
}
