/** write: one cloud directory per target, brought to its desired state. */
export { WriteConfig } from './config.ts'
export { openDirectory } from './adapters/targets.ts'
export { events } from './events.ts'
export { write } from './service.ts'
export type { CloudAnswer, CloudDirectory, CloudObject, CloudRequest, Kind } from './ports.ts'
