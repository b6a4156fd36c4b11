/** POST map/preview and map/test: a mapping, of the active configuration or of a draft, on one object or on its examples. */
import { type Channels, call, Failure } from '@canopy/chassis'
import { capture, type change, control, resolve, transform } from '@canopy/proto'
import { type MappingPreview, previewMapping } from '../core/mapping-preview.ts'
import { bodyText, requiredText } from '../http/body.ts'
import type { Asked } from '../ports.ts'

const mostShown = 10

export interface PreviewAnswer {
  readonly who: string
  /** Empty where the draft has problems that are more than warnings. */
  readonly found: readonly MappingPreview[]
  readonly problems: readonly control.Problem[]
}

/** Failure CANOPY-CONSOLE-0006-NOT-FOUND: no object of that name. */
export async function preview({ body, channels }: Asked): Promise<PreviewAnswer> {
  const who = requiredText(body, 'who')
  const source = bodyText(body, 'source')
  const { configuration, problems } = await compiled(channels, source)
  if (!configuration) return { who, found: [], problems }
  const objects = await objectsOf(channels, who)
  if (objects.length === 0) throw nothing(who)
  const client = channels.client('transform', transform.TransformClient)
  const found = await Promise.all(
    objects.map(async (object) => {
      const made = await call(client, 'preview', { object, configuration: source === '' ? undefined : configuration })
      return previewMapping({ object, made, rules: configuration.mappings })
    }),
  )
  return { who, found, problems }
}

export interface MappingTestsAnswer {
  readonly results: readonly transform.MappingTestResult[]
  readonly problems: readonly control.Problem[]
  /** Undefined configuration: the problems say why. */
  readonly isRun: boolean
}

export async function test({ body, channels }: Asked): Promise<MappingTestsAnswer> {
  const { configuration, problems, tests } = await compiled(channels, bodyText(body, 'source'))
  if (!configuration) return { results: [], problems, isRun: false }
  const client = channels.client('transform', transform.TransformClient)
  const { results } = await call(client, 'testMappings', { configuration, tests })
  return { results, problems, isRun: true }
}

const compiled = (channels: Channels, source: string): Promise<control.CompileConfigurationResponse> =>
  call(channels.client('control', control.ControlClient), 'compileConfiguration', { source })

/** As a forest knows them; else those of the identity that resolve knows by that name. */
async function objectsOf(channels: Channels, who: string): Promise<readonly change.DirectoryObject[]> {
  const client = channels.client('capture', capture.CaptureClient)
  const { objects } = await call(client, 'findObjects', { who, forest: '', limit: mostShown })
  const there = objects.filter((object) => !object.gone)
  if (there.length > 0) return there
  const known = channels.client('resolve', resolve.ResolveClient)
  const { identities } = await call(known, 'findIdentities', { who, limit: mostShown })
  const members = identities.flatMap((identity) => identity.contributions)
  const each = await Promise.all(
    members.map(({ forest, guid }) => call(client, 'findObjects', { who: guid, forest, limit: 1 })),
  )
  return each.flatMap((answer) => answer.objects)
}

const nothing = (who: string): Failure =>
  new Failure({
    kind: 'permanent',
    code: 'CANOPY-CONSOLE-0006-NOT-FOUND',
    message: `no forest has an object ${who}`,
    mend: 'give a DN, GUID, user principal name, mail address or account name in full',
  })
