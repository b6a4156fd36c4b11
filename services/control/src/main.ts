/** Runs the control service as a process. */
import { run } from '@canopy/chassis'
import { control } from './service.ts'

await run([control])
