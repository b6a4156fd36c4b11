/** standalone: all services in one process. */
export { verdict } from './in-sync.ts'
export { type LabWorld, labConfiguration, startLabWorld, writeCredential } from './lab-world.ts'
export { type Snapshot, takeSnapshot } from './snapshot.ts'
export { type Standalone, type StandaloneStart, startStandalone } from './standalone.ts'
