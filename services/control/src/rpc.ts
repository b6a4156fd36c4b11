/** The Control RPCs over a store. */
import { type ConfigProblem, Failure, unary } from '@canopy/chassis'
import type { control } from '@canopy/proto'
import { compileConfiguration } from './compile-configuration.ts'
import { differences } from './core/difference.ts'
import { withDomains } from './core/with-domains.ts'
import { events } from './events.ts'
import { importMappings } from './import-mappings.ts'
import type { ConfigurationStore } from './ports.ts'

/** A configuration that is not there is Failure CANOPY-CONTROL-NOT-FOUND. */
export function controlServer(store: ConfigurationStore): control.ControlServer {
  return {
    validateConfiguration: unary(async ({ source }: control.ValidateConfigurationRequest) => {
      const { configuration, problems } = compileConfiguration(source)
      return { valid: configuration !== undefined, problems: problems.map(toMessage) }
    }),
    applyConfiguration: unary(async (request: control.ApplyConfigurationRequest) =>
      applyConfiguration(store, request, true),
    ),
    getConfiguration: unary(async ({ name, version }: control.GetConfigurationRequest) => {
      const found = await store.get(name || undefined, version === 0n ? undefined : version)
      if (found === undefined) throw notFound(name)
      return found
    }),
    listConfigurations: unary(async ({ name }: control.ListConfigurationsRequest) => ({
      configurations: [...(await store.list(name || undefined))],
    })),
    diffConfiguration: unary(async ({ source }: control.DiffConfigurationRequest) => {
      const { configuration, problems } = compileConfiguration(source)
      if (configuration === undefined) return { differences: [], problems: problems.map(toMessage) }
      const active = await store.get(undefined, undefined)
      const drafted = withDomains(configuration, await store.observedDomains())
      return { differences: [...differences(active ?? {}, drafted)], problems: problems.map(toMessage) }
    }),
    compileConfiguration: unary(async ({ source }: control.CompileConfigurationRequest) => {
      const text = source === '' ? (await store.get(undefined, undefined))?.source : source
      if (text === undefined) throw notFound('')
      const { configuration, problems, tests, clausePlaces } = compileConfiguration(text)
      const drafted = configuration && withDomains(configuration, await store.observedDomains())
      return {
        configuration: drafted,
        problems: problems.map(toMessage),
        tests: [...tests],
        clausePlaces: [...clausePlaces],
      }
    }),
    importMappings: unary(async ({ source, name }: control.ImportMappingsRequest) => importMappings(source, name)),
  }
}

/**
 * Problems are an answer, not a failure; so is the same source once more. A start does not take over domains that a tenant
 * has verified since: that is a change of what is written, which a person asks for by applying.
 */
export async function applyConfiguration(
  store: ConfigurationStore,
  { source, who }: control.ApplyConfigurationRequest,
  takeDomains: boolean,
): Promise<control.ApplyConfigurationResponse> {
  const { configuration, problems } = compileConfiguration(source)
  const told = problems.map(toMessage)
  if (configuration === undefined) {
    events.refused({ problems: problems.length, code: problems.find((problem) => !problem.warning)?.code ?? '' })
    return { configuration: undefined, problems: told, changed: false }
  }
  const applied = await store.apply({ configuration, who, takeDomains })
  const { name, version } = applied.configuration
  if (applied.changed) events.applied({ name, version: String(version), warnings: problems.length })
  else events.unchanged({ name })
  return { ...applied, problems: told }
}

const toMessage = (problem: ConfigProblem): control.Problem => ({ ...problem, mend: problem.mend ?? '' })

const notFound = (name: string): Failure =>
  new Failure({
    kind: 'permanent',
    code: 'CANOPY-CONTROL-NOT-FOUND',
    message: name === '' ? 'no configuration was applied yet' : `there is no such version of the configuration ${name}`,
    mend: 'canopy config apply',
  })
