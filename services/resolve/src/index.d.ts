/** What resolve offers to whoever composes a process of it. */
export { Config as ResolveConfig } from './config.ts'
export { resolve } from './service.ts'
