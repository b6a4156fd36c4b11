/** The standard gRPC health service (grpc.health.v1), small enough to be written out. */
import type { handleServerStreamingCall, handleUnaryCall, Server, ServiceDefinition } from '@grpc/grpc-js'

/** SERVING and NOT_SERVING of HealthCheckResponse.ServingStatus. */
const serving = 1
const notServing = 2

interface HealthCheckResponse {
  readonly status: number
}

const check = (path: string, responseStream: boolean) => ({
  path,
  requestStream: false,
  responseStream,
  // The asked service name is not told apart: a process is ready as a whole.
  requestSerialize: () => Buffer.alloc(0),
  requestDeserialize: () => ({}),
  // Field 1, varint.
  responseSerialize: (response: HealthCheckResponse) => Buffer.from([0x08, response.status]),
  responseDeserialize: (bytes: Buffer) => ({ status: bytes[1] ?? 0 }),
})

/** Definition for servers and clients. */
export const healthDefinition = {
  check: check('/grpc.health.v1.Health/Check', false),
  watch: check('/grpc.health.v1.Health/Watch', true),
} as const satisfies ServiceDefinition

export interface GrpcHealth {
  /** Tells every watcher. */
  set(ready: boolean): void
}

/** Adds the service; not serving until told otherwise. */
export function addGrpcHealth(server: Server): GrpcHealth {
  let ready = false
  const watchers = new Set<(response: HealthCheckResponse) => void>()
  const now = (): HealthCheckResponse => ({ status: ready ? serving : notServing })
  const checkHandler: handleUnaryCall<object, HealthCheckResponse> = (_call, callback) => callback(null, now())
  const watchHandler: handleServerStreamingCall<object, HealthCheckResponse> = (stream) => {
    const tell = (response: HealthCheckResponse): void => void stream.write(response)
    watchers.add(tell)
    const leave = (): void => void watchers.delete(tell)
    stream.on('cancelled', leave)
    stream.on('close', leave)
    stream.on('error', leave)
    tell(now())
  }
  server.addService(healthDefinition, { check: checkHandler, watch: watchHandler })
  return {
    set: (value) => {
      ready = value
      for (const tell of watchers) tell(now())
    },
  }
}
