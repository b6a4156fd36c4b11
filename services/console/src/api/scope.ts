/** POST config/count: how many objects a draft's scopes, and each of their clauses, drop. */
import { call } from '@canopy/chassis'
import { control, transform } from '@canopy/proto'
import { type ForestFinding, scopeFindings } from '../core/scope-findings.ts'
import { bodyText } from '../http/body.ts'
import type { Asked } from '../ports.ts'

/** Every object of every forest is looked at: a hundred thousand take some seconds. */
const deadlineMs = 120_000

export interface ScopeAnswer {
  /** None where the draft has problems that are more than warnings. */
  readonly forests: readonly ForestFinding[]
}

/** Of `source`, or of the active configuration where it is empty. */
export async function countScope({ body, channels, signal }: Asked): Promise<ScopeAnswer> {
  const source = bodyText(body, 'source')
  const controlClient = channels.client('control', control.ControlClient)
  const { configuration, clausePlaces } = await call(controlClient, 'compileConfiguration', { source }, { signal })
  if (!configuration) return { forests: [] }
  const client = channels.client('transform', transform.TransformClient)
  const draft = source === '' ? undefined : configuration
  const { forests } = await call(client, 'countScope', { configuration: draft }, { deadlineMs, signal })
  return { forests: scopeFindings(forests, clausePlaces) }
}
