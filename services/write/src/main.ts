import { run } from '@canopy/chassis'
import { write } from './service.ts'

await run([write])
