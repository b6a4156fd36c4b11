/** standalone: all services in one process. */
export { type LabWorld, labConfiguration, startLabWorld, writeCredential } from './lab-world.ts'
export { type Standalone, type StandaloneStart, startStandalone } from './standalone.ts'
