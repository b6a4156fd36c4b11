/** Runs the stages and lease pools of a process and knows them by service, for status and parked records. */
import type { introspection } from '@canopy/proto'
import type { Bus } from '../bus/bus.ts'
import { Failure } from '../failure.ts'
import type { LeasePool, LeasePoolOptions } from '../lease/lease.ts'
import { joinLeasePool } from '../lease/pool.ts'
import type { Sql } from '../sql/sql.ts'
import type { RunningStage, StageDefinition } from '../stage/stage.ts'
import type { Log } from '../telemetry/log.ts'

export interface StageGround {
  readonly service: string
  readonly sql: Sql
  readonly bus: Bus
  readonly log: Log
  readonly instance: string
  readonly signal: AbortSignal
}

export interface StageHost {
  stage(definition: StageDefinition, ground: StageGround): Promise<RunningStage>
  leases(options: LeasePoolOptions, ground: { sql: Sql; instance: string; log: Log }): Promise<LeasePool>
  status(service: string): Promise<StageStatus>
  parked(service: string, limit: number): Promise<introspection.Parked[]>
  release(service: string, id: string): Promise<boolean>
}

export type StageStatus = Pick<introspection.ServiceStatus, 'watermarks' | 'lags' | 'parked' | 'outbox'>

export function stageHost(): StageHost {
  const stages = new Map<string, RunningStage[]>()
  return {
    stage: async () => {
      throw new Failure({ kind: 'permanent', code: 'CANOPY-0003', message: 'stages are not there yet' })
    },
    leases: joinLeasePool,
    status: async (service) => ({
      watermarks: (await Promise.all((stages.get(service) ?? []).map((stage) => stage.watermarks()))).flat(),
      lags: [],
      parked: 0,
      outbox: 0,
    }),
    parked: async () => [],
    release: async () => false,
  }
}
