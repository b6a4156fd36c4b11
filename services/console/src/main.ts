import { run } from '@canopy/chassis'
import { consoleService } from './service.ts'

await run([consoleService()])
