/** Runs transform as a process of its own. */
import { run } from '@canopy/chassis'
import { transform } from './service.ts'

await run([transform])
