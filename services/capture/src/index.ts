/** What others may use of capture: its definition and its configuration. */
export { type CaptureConfig, captureConfig } from './config.ts'
export { capture } from './service.ts'
