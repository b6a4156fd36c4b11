/** Runs the stages and lease pools of a process and knows them by service, for status and parked records. */
import type { introspection } from '@canopy/proto'
import { joinLeasePool } from '../lease/pool.ts'
import { type RunStageOptions, runStage } from '../stage/run-stage.ts'
import type { RunningStage, StageDefinition, StageStatus } from '../stage/stage.ts'
import { stageObserver } from '../telemetry/stage-observer.ts'

export interface StageHost {
  stage(
    definition: StageDefinition,
    ground: Omit<RunStageOptions, 'observer'> & { readonly service: string },
  ): Promise<RunningStage>
  readonly leases: typeof joinLeasePool
  /** Of all stages of a service together. */
  status(service: string): Promise<StageStatus>
  /** Newest first. */
  parked(service: string, limit: number): Promise<introspection.Parked[]>
  /** False when no stage of the service knows the id. */
  release(service: string, id: string): Promise<boolean>
}

export function stageHost(): StageHost {
  const stages = new Map<string, RunningStage[]>()
  const observer = stageObserver()
  const of = (service: string): readonly RunningStage[] => stages.get(service) ?? []
  return {
    stage: async (definition, { service, ...ground }) => {
      const running = await runStage(definition, { ...ground, observer })
      stages.set(service, [...of(service), running])
      return running
    },
    leases: joinLeasePool,
    status: async (service) => {
      const all = await Promise.all(of(service).map((stage) => stage.status()))
      return {
        watermarks: all.flatMap((one) => one.watermarks),
        lags: all.flatMap((one) => one.lags),
        parked: all.reduce((sum, one) => sum + one.parked, 0),
        outbox: all.reduce((sum, one) => sum + one.outbox, 0),
      }
    },
    parked: async (service, limit) => {
      const all = (await Promise.all(of(service).map((stage) => stage.parked(limit)))).flat()
      return all.toSorted((a, b) => (b.at?.getTime() ?? 0) - (a.at?.getTime() ?? 0)).slice(0, limit)
    },
    release: async (service, id) => {
      for (const stage of of(service)) if (await stage.releaseParked(id)) return true
      return false
    },
  }
}
