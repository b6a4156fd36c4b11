/** Runs resolve as a process of its own. */
import { run } from '@canopy/chassis'
import { resolve } from './service.ts'

await run([resolve])
