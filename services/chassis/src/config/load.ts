/** Reads the configuration of a process: one YAML file, with the environment laid over it. */
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { Failure } from '../failure.ts'
import { parseConfigDocument } from './document.ts'
import { overlayEnvironment } from './environment.ts'
import { problemsFailure } from './problem.ts'
import { type ProcessConfig, processShape } from './process-config.ts'
import { validateConfig } from './validate.ts'

export interface ServiceSection {
  readonly name: string
  readonly config: z.ZodType
}

export interface LoadedConfig {
  readonly process: ProcessConfig
  /** Validated section of each service, by name. */
  readonly services: Readonly<Record<string, unknown>>
  readonly warnings: readonly string[]
}

/** The schema of a process that runs these services. */
export function configSchema(services: readonly ServiceSection[]): z.ZodObject {
  const sections = services.map((service) => [service.name, sectionSchema(service)] as const)
  return z.strictObject({ ...processShape, ...Object.fromEntries(sections) })
}

/** Failure CANOPY-CONFIG-0001 to -0003 names file, line and column; -0005: the file cannot be read. */
export async function loadConfig(request: {
  readonly services: readonly ServiceSection[]
  /** Undefined: defaults and environment only. */
  readonly file: string | undefined
  readonly environment: Readonly<Record<string, string | undefined>>
}): Promise<LoadedConfig> {
  const schema = configSchema(request.services)
  const document = parseConfigDocument(request.file === undefined ? '' : await readConfigFile(request.file))
  const overlaid = overlayEnvironment({ schema, value: document.value ?? {}, environment: request.environment })
  const validated = validateConfig({ schema, document, value: overlaid.value })
  if (!validated.ok) throw problemsFailure(validated.problems, request.file ?? 'environment')
  const all = validated.value
  const names = new Set(request.services.map((service) => service.name))
  const own = Object.fromEntries(Object.entries(all).filter(([name]) => !names.has(name)))
  return {
    process: own as ProcessConfig,
    services: Object.fromEntries(Object.entries(all).filter(([name]) => names.has(name))),
    warnings: overlaid.unknown.map((name) => `the environment variable ${name} names nothing in the configuration`),
  }
}

async function readConfigFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new Failure({
      kind: 'permanent',
      code: 'CANOPY-CONFIG-0005',
      message: 'the configuration file cannot be read',
      at: path,
      mend: 'give --config or CANOPY_CONFIG the path of a readable YAML file',
      cause,
    })
  }
}

/** A section that is not there is an empty one: whether that will do, the service's own schema says. */
const sectionSchema = (service: ServiceSection): z.ZodType => z.prefault(service.config, {}) as unknown as z.ZodType
