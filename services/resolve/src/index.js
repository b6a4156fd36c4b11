/** What resolve offers to whoever composes a process of it. */
export { Config as ResolveConfig } from './config.js'
export { resolve } from './service.js'
//# sourceMappingURL=index.js.map
