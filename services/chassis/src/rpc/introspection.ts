/** What every process answers about its services: status, parked records. */
import { introspection } from '@canopy/proto'
import type { Server } from '@grpc/grpc-js'
import { Failure } from '../failure.ts'
import type { StageHost } from '../service/stage-host.ts'
import type { WaitingBoard } from '../service/waiting.ts'
import { version } from '../version.ts'
import { unary } from './unary.ts'

export interface IntrospectionOptions {
  readonly services: readonly string[]
  readonly stages: StageHost
  readonly waiting: WaitingBoard
  readonly startedAt: Date
}

/** Registers the service; an unknown service name is Failure CANOPY-RPC-NOT-FOUND. */
export function addIntrospection(server: Server, options: IntrospectionOptions): void {
  const named = (asked: string): string => {
    const name = asked === '' ? options.services[0] : asked
    if (name !== undefined && options.services.includes(name)) return name
    throw new Failure({
      kind: 'permanent',
      code: 'CANOPY-RPC-NOT-FOUND',
      message: `this process does not run ${asked}`,
      mend: `it runs ${options.services.join(', ')}`,
    })
  }
  const implementation: introspection.IntrospectionServer = {
    getServiceStatus: unary(async ({ service }: introspection.GetServiceStatusRequest) => {
      const name = named(service)
      const status = await options.stages.status(name)
      return { service: name, version, startedAt: options.startedAt, waiting: [...options.waiting.of(name)], ...status }
    }),
    listParked: unary(async ({ service, limit }: introspection.ListParkedRequest) => ({
      parked: await options.stages.parked(named(service), limit === 0 ? 100 : Math.min(limit, 1_000)),
    })),
    releaseParked: unary(async ({ service, id }: introspection.ReleaseParkedRequest) => ({
      released: await options.stages.release(named(service), id),
    })),
  }
  server.addService(introspection.IntrospectionService, implementation)
}
