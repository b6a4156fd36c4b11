export { compileConfiguration, type CompiledConfiguration } from './compile-configuration.ts'
