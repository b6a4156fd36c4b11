/** write: one cloud directory per target, brought to its desired state. */

export { SecretAttempts } from './adapters/graph/secret-attempts.ts'
export { openDirectory } from './adapters/targets.ts'
export { WriteConfig } from './config.ts'
export { events } from './events.ts'
export type { CloudAnswer, CloudDirectory, CloudObject, CloudRequest, Kind } from './ports.ts'
export { write } from './service.ts'
