/** Configurations: validate, apply, diff and show, by control. */
import { call } from '@canopy/chassis'
import { type configuration, control } from '@canopy/proto'
import { bodyText, requiredText } from '../http/body.ts'
import { type Asked, badRequest } from '../ports.ts'

const client = ({ channels }: Asked) => channels.client('control', control.ControlClient)

export const validate = (asked: Asked): Promise<control.ValidateConfigurationResponse> =>
  call(client(asked), 'validateConfiguration', { source: requiredText(asked.body, 'source') })

export const apply = (asked: Asked): Promise<control.ApplyConfigurationResponse> =>
  call(client(asked), 'applyConfiguration', {
    source: requiredText(asked.body, 'source'),
    who: bodyText(asked.body, 'who') || 'console',
  })

export const diff = (asked: Asked): Promise<control.DiffConfigurationResponse> =>
  call(client(asked), 'diffConfiguration', { source: requiredText(asked.body, 'source') })

export const importRules = (asked: Asked): Promise<control.ImportMappingsResponse> =>
  call(client(asked), 'importMappings', {
    source: requiredText(asked.body, 'source'),
    name: bodyText(asked.body, 'name'),
  })

export interface ConfigurationAnswer {
  readonly configuration: configuration.Configuration
  /** Newest first. */
  readonly versions: readonly control.ConfigurationSummary[]
}

export async function current(asked: Asked): Promise<ConfigurationAnswer> {
  const name = asked.query.text('name')
  const version = asked.query.text('version') || '0'
  if (!/^\d{1,18}$/.test(version)) throw badRequest(`${version} is not a version`, '?version=')
  const found = await call(client(asked), 'getConfiguration', { name, version: BigInt(version) })
  const { configurations } = await call(client(asked), 'listConfigurations', { name: found.name })
  return { configuration: found, versions: configurations }
}
