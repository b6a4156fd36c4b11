/** Runs services as a process: configuration, signals, drain, exit code. What every `main.ts` calls. */
import { parseArgs } from 'node:util'
import { type LoadedConfig, loadConfig } from '../config/load.ts'
import type { ProcessConfig } from '../config/process-config.ts'
import { classify, describeFailure, Failure } from '../failure.ts'
import { createLog, type ProcessLog } from '../telemetry/pino-log.ts'
import { startTelemetry } from '../telemetry/telemetry.ts'
import { version } from '../version.ts'
import { configuredAdapters } from './adapters.ts'
import { probe } from './health.ts'
import type { ServiceDefinition } from './service.ts'
import { type Running, type StartOptions, startServices } from './start.ts'

type Adapters = StartOptions['adapters']

/**
 * ```
 * node main.js [--config file]   runs until SIGTERM or SIGINT
 * node main.js --check           validates the configuration and ends
 * node main.js --probe           0 when the process of this configuration is ready, 1 otherwise
 * ```
 * Exit codes: 0 stopped in order, 1 failed (three lines say why), 2 bad usage, 130 a second signal.
 */
export async function run(services: readonly ServiceDefinition[], adapters?: Adapters): Promise<void> {
  try {
    const flags = parseFlags()
    const file = flags.config ?? process.env.CANOPY_CONFIG
    const loaded = await loadConfig({ services, file, environment: process.env })
    if (flags.check) return
    if (flags.probe) process.exitCode = (await probe(loaded.process.health.listen)) ? 0 : 1
    else await serve(services, loaded, adapters)
  } catch (error) {
    die(error)
  }
}

function parseFlags(): { config?: string; probe?: boolean; check?: boolean } {
  try {
    const options = { config: { type: 'string' }, probe: { type: 'boolean' }, check: { type: 'boolean' } } as const
    return parseArgs({ options, strict: true }).values
  } catch (cause) {
    process.stderr.write(`${classify(cause).message}\nusage: [--config file] [--check | --probe]\n`)
    return process.exit(2)
  }
}

async function serve(
  services: readonly ServiceDefinition[],
  loaded: LoadedConfig,
  given: Adapters | undefined,
): Promise<void> {
  const config = loaded.process
  const name = services.length === 1 ? services[0]!.name : 'canopy'
  const log = createLog({ level: config.log_level, service: name })
  for (const message of loaded.warnings) log.warn({}, message)
  const instance = `${process.env.HOSTNAME ?? name}-${process.pid}-${Date.now().toString(36)}`
  const telemetry = await startTelemetry({
    service: services.length === 1 ? `canopy-${name}` : name,
    instance,
    version,
    log,
    otlpEndpoint: config.telemetry.otlp_endpoint,
    metricIntervalMs: config.telemetry.metric_interval_ms,
  })
  const end = lifecycle({ log, drainMs: config.drain_secs * 1_000, flush: () => telemetry.shutdown() })
  const adapters = given ?? (await configuredAdapters({ services, config, instance, log }))
  const running = await startServices(services, {
    ...startOptions(loaded, config),
    adapters,
    log,
    instance,
    onFatal: end.fatal,
  })
  log.info({ version, rpc: running.rpcAddresses.join(' '), health: running.healthAddress ?? '' }, 'ready')
  end.started(running)
}

const startOptions = (loaded: LoadedConfig, config: ProcessConfig): Omit<StartOptions, 'adapters'> => ({
  config: loaded.services,
  rpc: {
    listen: typeof config.rpc.listen === 'string' ? [config.rpc.listen] : config.rpc.listen,
    tls: config.rpc.tls && {
      certFile: config.rpc.tls.cert_file,
      keyFile: config.rpc.tls.key_file,
      caFile: config.rpc.tls.ca_file,
    },
    peers: config.peers,
  },
  healthListen: config.health.listen,
  drainMs: Math.min(5_000, config.drain_secs * 500),
})

interface Lifecycle {
  fatal(failure: Failure): void
  started(running: Running): void
}

/** One end, whatever brings it: a signal, a fatal failure, a rejection nobody handled. */
function lifecycle(options: { log: ProcessLog; drainMs: number; flush: () => Promise<void> }): Lifecycle {
  let running: Running | undefined
  let ending = false
  const finish = async (failure: Failure | undefined): Promise<void> => {
    if (ending) return
    ending = true
    setTimeout(() => die(tooSlow(options.drainMs)), options.drainMs).unref()
    const unclean = await running?.stop()
    await options.flush()
    const shown = failure ?? unclean
    if (shown !== undefined) die(shown)
    options.log.info({}, 'stopped')
    process.exit(0)
  }
  const onSignal = (signal: NodeJS.Signals): void => {
    if (ending) process.exit(130)
    options.log.info({ signal }, 'stopping')
    // Nothing runs yet: there is nothing to drain.
    if (running === undefined) process.exit(130)
    void finish(undefined)
  }
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
  process.on('unhandledRejection', (error) => void finish(classify(error)))
  process.on('uncaughtException', (error) => die(error))
  return {
    fatal: (failure) => void finish(failure),
    started: (started) => {
      running = started
    },
  }
}

const tooSlow = (drainMs: number): Failure =>
  new Failure({
    kind: 'transient',
    code: 'CANOPY-0004',
    message: `the process did not stop within ${drainMs / 1_000} s`,
    at: 'drain_secs',
    mend: 'nothing is lost: what was not finished is done again after the next start',
  })

function die(error: unknown): never {
  process.stderr.write(`${describeFailure(classify(error))}\n`)
  process.exit(1)
}
