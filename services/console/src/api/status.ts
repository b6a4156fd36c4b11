/** The state of everything, put together from what each service says about itself. */
import { type Channels, call } from '@canopy/chassis'
import { capture, introspection, resolve, type resolve as resolveProto, write } from '@canopy/proto'
import { type ForestProgress, forestProgress, type SyncState, syncState } from '../core/progress.ts'
import { type Answer, type AskedService, answered, askedServices, attempt, type Unanswered } from './services.ts'

/** One service as it sees itself; `down` with the reason when it does not answer. */
export type ServiceState =
  | {
      readonly service: AskedService
      readonly state: 'up'
      readonly version: string
      readonly startedAt: Date | undefined
      /** Records that were read from the bus but not handled yet, over all inputs. */
      readonly lag: bigint
      readonly parked: number
      /** Rows that are not published yet. */
      readonly outbox: number
      readonly waiting: readonly string[]
    }
  | ({ readonly service: AskedService; readonly state: 'down' } & Unanswered)

export interface StatusSnapshot {
  readonly at: Date
  readonly state: SyncState
  readonly forests: readonly ForestProgress[]
  readonly targets: readonly write.TargetStatus[]
  /** Undefined while resolve does not answer. */
  readonly resolve: resolveProto.ResolveStatus | undefined
  readonly services: readonly ServiceState[]
}

/** Milliseconds a service has to answer before it is shown as down. */
const deadlineMs = 3_000

/** Never fails because a service does not answer: it is shown as down. */
export async function statusSnapshot(channels: Channels, now: () => Date = () => new Date()): Promise<StatusSnapshot> {
  const [forests, targets, resolved, states] = await Promise.all([
    attempt(() => call(channels.client('capture', capture.CaptureClient), 'getForests', {}, { deadlineMs })),
    attempt(() => call(channels.client('write', write.WriteClient), 'getTargets', {}, { deadlineMs })),
    attempt(() => call(channels.client('resolve', resolve.ResolveClient), 'getResolveStatus', {}, { deadlineMs })),
    Promise.all(askedServices.map((service) => attempt(() => introspect(channels, service)))),
  ])
  const services = askedServices.map((service, index) => serviceState(service, states[index]!))
  const marks = (service: AskedService) => answered(states[askedServices.indexOf(service)]!)?.watermarks ?? []
  const watermarks = { captured: marks('capture'), reached: marks('write') }
  const progress = (answered(forests)?.partitions ?? []).map((partition) => forestProgress(partition, watermarks))
  const targetList = answered(targets)?.targets ?? []
  const down = !forests.ok || !targets.ok || services.some(({ state }) => state === 'down')
  return {
    at: now(),
    state: syncState({ down, forests: progress, targets: targetList }),
    forests: progress,
    targets: targetList,
    resolve: answered(resolved),
    services,
  }
}

const introspect = (channels: Channels, service: AskedService): Promise<introspection.ServiceStatus> =>
  call(channels.client(service, introspection.IntrospectionClient), 'getServiceStatus', { service }, { deadlineMs })

function serviceState(service: AskedService, answer: Answer<introspection.ServiceStatus>): ServiceState {
  if (!answer.ok) {
    const { code, message, mend } = answer
    return { service, state: 'down', code, message, mend }
  }
  const { version, startedAt, parked, outbox, waiting, lags } = answer.value
  const lag = lags.reduce(
    (sum, each) => sum + (each.endOffset > each.nextOffset ? each.endOffset - each.nextOffset : 0n),
    0n,
  )
  return { service, state: 'up', version, startedAt, lag, parked, outbox, waiting }
}
