/** A command of its own, on the agent's host: `node explain.js [--config file]` tells what the ceiling allows. */
import { classify, describeFailure, loadConfig } from '@canopy/chassis'
import { readCeiling } from './adapters/ceiling-file.ts'
import type { AgentConfig } from './config.ts'
import { explainCeiling } from './core/ceiling.ts'
import { agent } from './service.ts'

try {
  const [flag, given] = process.argv.slice(2)
  const file = flag === '--config' ? given : process.env.CANOPY_CONFIG
  const loaded = await loadConfig({ services: [agent], file, environment: process.env })
  const ceiling = await readCeiling(loaded.services.agent as AgentConfig)
  for (const line of explainCeiling(ceiling)) process.stdout.write(`${line}\n`)
} catch (error) {
  process.stderr.write(`${describeFailure(classify(error))}\n`)
  process.exitCode = 1
}
