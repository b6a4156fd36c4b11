/** The gRPC server of a process: bound to its listeners, drained at the end. */
import { chmod } from 'node:fs/promises'
import { logVerbosity, Server, setLogVerbosity } from '@grpc/grpc-js'
import { classify, Failure } from '../failure.ts'
import { serverCredentials, type TlsFiles } from './credentials.ts'
import { freeSocketFile } from './socket-file.ts'

/** The server before it listens: services are added to it while they are composed. */
export function createRpcServer(): Server {
  // What it would say on stderr comes as a Failure too.
  setLogVerbosity(logVerbosity.NONE)
  return new Server({
    'grpc.max_receive_message_length': 16 * 1024 * 1024,
    'grpc.keepalive_time_ms': 30_000,
    'grpc.keepalive_timeout_ms': 10_000,
  })
}

/** Binds a server and returns the address with its real port. Failure CANOPY-RPC-0013: it is taken. */
export async function bindRpcServer(
  server: Server,
  address: string,
  tls: TlsFiles | undefined,
  callers: 'certificate required' | 'certificate optional' = 'certificate required',
): Promise<string> {
  const credentials = serverCredentials(address, tls, callers === 'certificate required')
  if (address.startsWith('unix:') && !(await freeSocketFile(address.slice('unix:'.length)))) throw taken(address)
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(address, credentials, (error, bound) =>
      error ? reject(bindFailure(address, error)) : resolve(bound),
    )
  })
  if (address.startsWith('unix:')) {
    await chmod(address.slice('unix:'.length), 0o600)
    return address
  }
  return address.replace(/:\d+$/, `:${port}`)
}

/** Lets calls in flight end for at most `drainMs`, then cuts them off. */
export async function closeRpcServer(server: Server, drainMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  await Promise.race([
    new Promise<void>((resolve) => server.tryShutdown(() => resolve())),
    new Promise<void>((resolve) => {
      timer = setTimeout(resolve, drainMs)
    }),
  ])
  clearTimeout(timer)
  server.forceShutdown()
}

function bindFailure(address: string, error: Error): Failure {
  if (/EADDRINUSE|address already in use/i.test(error.message)) return taken(address, error)
  return new Failure({
    kind: 'permanent',
    code: 'CANOPY-RPC-0014',
    message: `cannot listen on ${address}: ${classify(error).message}`,
    at: 'rpc.listen',
    mend: 'give an address of this machine that this user may listen on',
    cause: error,
  })
}

const taken = (address: string, cause?: unknown): Failure =>
  new Failure({
    kind: 'permanent',
    code: 'CANOPY-RPC-0013',
    message: `${address} is already in use`,
    at: 'rpc.listen',
    mend: 'stop the process that listens there, or choose another address',
    cause,
  })
