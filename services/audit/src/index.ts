/** audit: the provisioning log, every change with its steps, hash-chained and searchable. */
export { AuditConfig } from './config.ts'
export { events } from './events.ts'
export { audit } from './service.ts'
