/** Puts capture together: the only file that sees core and adapters. */
import { type Bus, type Component, defineService, Failure, type RunningStage, type StoredRecord } from '@canopy/chassis'
import { agent, agents, configuration, capture as proto, topics } from '@canopy/proto'
import { Beside } from './adapters/beside.ts'
import { Commits } from './adapters/commit.ts'
import { FollowUp } from './adapters/follow-up.ts'
import { Hub } from './adapters/hub.ts'
import { advertised, Peers, peerHandlers } from './adapters/peers.ts'
import type { PartitionName } from './adapters/readings.sql.ts'
import { Readings } from './adapters/readings.ts'
import { attachHandler, captureHandlers } from './adapters/rpc.ts'
import { AgentPort } from './agent-port.ts'
import { captureConfig } from './config.ts'
import { readsNames, wantedPartitions } from './core/wanted.ts'

/** Change capture: agents, leases, the connector space; the head of the pipeline. */
export const capture = defineService({
  name: 'capture',
  config: captureConfig,
  migrations: new URL('../migrations/', import.meta.url),
  compose: async (context) => {
    const { sql, log, config, instance, signal, now } = context
    let stage: RunningStage | undefined
    let namesMatter = false
    const publisher = {
      publish: <T>(fn: Parameters<RunningStage['publish']>[0]) => {
        if (stage) return stage.publish(fn) as Promise<T>
        throw new Failure({
          kind: 'transient',
          code: 'CANOPY-CAPTURE-0005',
          message: 'capture is starting or stopping',
        })
      },
    } as Pick<RunningStage, 'publish'>
    const { percent, floor, sudden } = config.missing_guard
    const guard = { percent, floor, suddenPercent: sudden.percent, suddenFloor: sudden.floor }
    const commits = new Commits({ publisher, guard, namesMatter: () => namesMatter, now })
    const readings = new Readings(commits, guard)
    const followUp = new FollowUp({ sql, commits, log })
    const port =
      config.agents.listen === undefined
        ? undefined
        : new AgentPort({
            listen: config.agents.listen,
            names: config.agents.names,
            control: context.channels.client('control', agents.AgentsClient),
            now,
            waiting: (message) => context.waiting('agents', message),
          })
    const onPending = (of: PartitionName): void => followUp.note(of)
    const hub = new Hub({
      sql,
      commits,
      beside: new Beside({ sql, readings, log, onPending }),
      peers: new Peers({ sql, channels: context.channels, instance, tlsName: config.peer_tls_name }),
      instance,
      log,
      signal,
      leaseTtlMs: config.lease_ttl_ms,
      blindReadingMs: config.blind_reading_ms,
      address: () => config.peer_address ?? advertised(context.addresses()),
      believes: (identity) => port?.believes(identity) === true,
      onPending,
    })
    context.rpc.addService(agent.HubService, { attach: attachHandler(hub) })
    context.rpc.addService(proto.CaptureService, captureHandlers({ sql, hub, readings, onPending }))
    context.rpc.addService(proto.CapturePeerService, peerHandlers(hub))
    const publishing: Component = {
      name: 'capture.publishing',
      start: async () => {
        stage = await context.stage({
          name: 'capture',
          inputs: [],
          outputs: [topics.changes, topics.edges],
          handle: async () => {},
        })
      },
      stop: async () => {
        const running = stage
        stage = undefined
        await running?.close()
      },
    }
    const onActive = (active: configuration.Configuration): void => {
      namesMatter = readsNames(active)
    }
    return [
      publishing,
      followUpComponent(followUp),
      hubComponent(hub),
      ...(port ? [port.component(hub)] : []),
      followConfiguration({ bus: context.bus, hub, onActive }),
    ]
  },
})

const followUpComponent = (followUp: FollowUp): Component => ({
  name: 'capture.follow-up',
  start: async () => followUp.start(),
  stop: () => followUp.stop(),
})

const hubComponent = (hub: Hub): Component => ({
  name: 'capture.hub',
  start: async () => hub.start(),
  stop: () => hub.stop(),
})

/** The first configuration name is the active one; its newest version counts. */
function followConfiguration({
  bus,
  hub,
  onActive,
}: {
  readonly bus: Pick<Bus, 'follow'>
  readonly hub: Hub
  readonly onActive: (active: configuration.Configuration) => void
}): Component {
  let consumer: { close(): Promise<void> } | undefined
  const newest = new Map<string, configuration.Configuration>()
  const onRecords = async (records: readonly StoredRecord[], _caughtUp: boolean): Promise<void> => {
    for (const { key, value } of records) {
      if (!value) continue
      const decoded = configuration.Configuration.decode(value)
      const known = newest.get(key)
      if (!known || decoded.version >= known.version) newest.set(key, decoded)
    }
    const [active] = newest.values()
    if (!active) return
    onActive(active)
    await hub.configure(wantedPartitions(active))
  }
  return {
    name: 'capture.configuration',
    start: async () => {
      consumer = await bus.follow({ topic: topics.config, onRecords })
    },
    stop: async () => consumer?.close(),
  }
}
