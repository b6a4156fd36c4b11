/** Runs the agent as a process of its own. */
import { run } from '@canopy/chassis'
import { agent } from './service.ts'

await run([agent])
