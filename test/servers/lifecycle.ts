/** The life every test server shares: start and wait, kill, start again with the same data, close. */
import type { OwnedProcess } from './owned-process.ts'
import type { Workdir } from './workdir.ts'

export interface Lifecycle {
  /** Orderly stop; the data is removed unless the caller named its folder. */
  close(): Promise<void>
  /** SIGKILL, data kept: what a lost machine looks like. */
  kill(): Promise<void>
  /** Starts again at the same address with the same data, stopping first if it runs. */
  restart(): Promise<void>
  /** The last 64 KB that the running (or last) process printed. */
  output(): string
}

export interface LifecycleOptions {
  readonly home: Workdir
  start(): OwnedProcess
  /** Asked every 25 ms with what was printed so far. */
  ready(output: string): boolean | Promise<boolean>
  readonly readyTimeoutMs: number
  /** The orderly stop; SIGTERM when absent. */
  readonly stopSignal?: NodeJS.Signals
}

/** Starts the server and resolves when it is ready; a server that does not get there is killed and explained. */
export async function beginLife(options: LifecycleOptions): Promise<Lifecycle> {
  const launch = async (): Promise<OwnedProcess> => {
    const server = options.start()
    try {
      await server.until(options.ready, options.readyTimeoutMs)
    } catch (error) {
      await server.kill()
      throw error
    }
    return server
  }
  let server = await launch()
  const stop = (): Promise<void> => server.stop({ signal: options.stopSignal })
  return {
    output: () => server.output(),
    kill: () => server.kill(),
    restart: async () => {
      await stop()
      server = await launch()
    },
    close: async () => {
      await stop()
      await options.home.release()
    },
  }
}
