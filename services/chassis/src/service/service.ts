/** A service is a name, a configuration and what it is composed of; a process runs one or several. */
import type { Server } from '@grpc/grpc-js'
import type { z } from 'zod'
import type { Bus } from '../bus/bus.ts'
import type { LeasePool, LeasePoolOptions } from '../lease/lease.ts'
import type { Channels } from '../rpc/channels.ts'
import type { Sql } from '../sql/sql.ts'
import type { RunningStage, StageDefinition } from '../stage/stage.ts'
import type { Log } from '../telemetry/log.ts'

/** What the chassis gives a service. */
export interface Context<C> {
  readonly service: string
  readonly config: C
  readonly sql: Sql
  readonly bus: Bus
  readonly log: Log
  /** gRPC server of the process: add the service's own definitions before start. */
  readonly rpc: Server
  /** Where this process listens, with real ports; empty before the components start. */
  readonly addresses: () => readonly string[]
  /** Channels to the other services, by name. */
  readonly channels: Channels
  /** Unique per process start: lease owner. */
  readonly instance: string
  readonly now: () => Date
  /** Aborted when the process shuts down. */
  readonly signal: AbortSignal
  stage(definition: StageDefinition): Promise<RunningStage>
  leases(options: LeasePoolOptions): Promise<LeasePool>
  /** Shown in `status` and health until cleared: "waits for a new value of contoso-reader". */
  waiting(key: string, message: string | undefined): void
  /** A failure nothing can go on after: ends the process with its message. */
  fatal(error: unknown): void
}

/** What a service composes: started in order, stopped in reverse. */
export interface Component {
  readonly name: string
  start(): Promise<void>
  stop(): Promise<void>
}

export interface ServiceDefinition<S extends z.ZodType = z.ZodType> {
  readonly name: string
  readonly config: S
  /** Folder of `NNNN_name.sql` files; none: the service keeps no store, and its `sql` refuses to be used. */
  readonly migrations?: URL
  /** False: the service never touches the bus; a process of such services connects to none. */
  readonly bus?: false
  /** Registers RPCs, returns components. Nothing runs before every service of the process is composed. */
  compose(context: Context<z.output<S>>): Promise<readonly Component[]>
}

export const defineService = <S extends z.ZodType>(definition: ServiceDefinition<S>): ServiceDefinition<S> => definition
