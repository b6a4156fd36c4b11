/** The control service, and the compiler of configurations for those who only want to look. */

export { type CompiledConfiguration, compileConfiguration } from './compile-configuration.ts'
export { ControlConfig } from './config.ts'
export { defaultTables, writableTargets } from './core/defaults.ts'
export { type ConfigurationDifference, differences } from './core/difference.ts'
export { importMappings } from './import-mappings.ts'
export { control } from './service.ts'
export { SourceSchema } from './source.ts'
