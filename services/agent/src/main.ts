/** Runs the agent as a process of its own; `explain` tells what its ceiling allows, and ends. */
import { classify, describeFailure, loadConfig, run } from '@canopy/chassis'
import { readCeiling } from './adapters/ceiling-file.ts'
import type { AgentConfig } from './config.ts'
import { explainCeiling } from './core/ceiling.ts'
import { agent } from './service.ts'

if (process.argv[2] === 'explain') await explain(process.argv.slice(3))
else await run([agent])

async function explain(args: readonly string[]): Promise<void> {
  try {
    const file = args[0] === '--config' ? args[1] : process.env.CANOPY_CONFIG
    const loaded = await loadConfig({ services: [agent], file, environment: process.env })
    const ceiling = await readCeiling(loaded.services.agent as AgentConfig)
    for (const line of explainCeiling(ceiling)) process.stdout.write(`${line}\n`)
  } catch (error) {
    process.stderr.write(`${describeFailure(classify(error))}\n`)
    process.exitCode = 1
  }
}
