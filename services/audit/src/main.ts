import { run } from '@canopy/chassis'
import { audit } from './service.ts'

await run([audit])
