/** What transform offers to whoever composes a process of it. */
export { Config as TransformConfig } from './config.ts'
export { transform } from './service.ts'
