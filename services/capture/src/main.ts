/** Runs capture as a process of its own. */
import { run } from '@canopy/chassis'
import { capture } from './service.ts'

await run([capture])
