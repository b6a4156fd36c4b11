/** `npm start`: starts everything, shows how far it is, says when the cloud equals the forests, and keeps watching. */
import { classify, createLog, describeFailure, version } from '@canopy/chassis'
import { parseOptions, type StandaloneOptions, usage } from './options.ts'
import { type Standalone, startStandalone } from './standalone.ts'
import { watch } from './watch.ts'

const startedMs = performance.now()
const levels = ['debug', 'info', 'warn', 'error'] as const

async function main(options: StandaloneOptions): Promise<number> {
  const standalone = await startStandalone({
    data: options.data,
    reset: options.reset,
    ...(options.config === undefined ? {} : { config: options.config }),
    ...(process.env.OTEL_EXPORTER_OTLP_ENDPOINT ? { otlpEndpoint: process.env.OTEL_EXPORTER_OTLP_ENDPOINT } : {}),
    log: createLog({
      level: levels.find((level) => level === process.env.CANOPY_LOG_LEVEL) ?? 'error',
      service: 'canopy',
    }),
  })
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (stop.signal.aborted) process.exit(130)
      stop.abort()
    })
  }
  try {
    return await show(standalone, options, stop.signal)
  } finally {
    await standalone.close()
  }
}

async function show(standalone: Standalone, options: StandaloneOptions, signal: AbortSignal): Promise<number> {
  if (!options.json) console.log(`Canopy ${version} · standalone · state in ${options.data}`)
  return await watch({ standalone, options, startedMs, signal })
}

try {
  const options = parseOptions(process.argv.slice(2))
  if (options.help) {
    console.log(usage)
    process.exit(0)
  }
  process.exit(await main(options))
} catch (error) {
  const failure = classify(error)
  console.error(describeFailure(failure))
  process.exit(failure.code === 'CANOPY-CLI-0002' ? 2 : 1)
}
