/** What transform offers to whoever composes a process of it, and its mapping for those who only want to look. */
export { Config as TransformConfig } from './config.ts'
export { comparable } from './core/comparable.ts'
export { type Configured, configured } from './core/configured.ts'
export { contribute, type Made } from './core/contribute.ts'
export { transform } from './service.ts'
