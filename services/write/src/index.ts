/** write: one cloud directory per target, brought to its desired state. */
export { WriteConfig } from './config.ts'
export { events } from './events.ts'
export { write } from './service.ts'
