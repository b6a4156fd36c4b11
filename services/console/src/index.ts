/** console: the gateway in front of the services, and what else reads their state. */
export { type ServiceState, type StatusSnapshot, statusSnapshot } from './api/status.ts'
export { ConsoleConfig } from './config.ts'
export { events } from './events.ts'
export { type ExtraRoute, Query } from './ports.ts'
export { type ConsoleOptions, consoleService } from './service.ts'
