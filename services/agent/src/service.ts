/** Puts the agent together: the only file that sees core and adapters. */
import { type Component, createChannels, defineService, Failure } from '@canopy/chassis'
import { agent as proto } from '@canopy/proto'
import { readCeiling } from './adapters/ceiling-file.ts'
import { credentialsFrom } from './adapters/credentials.ts'
import { stayAttached } from './adapters/hub.ts'
import { ldapConnector } from './adapters/ldap/connector.ts'
import { memoryKeeper } from './adapters/memory.ts'
import { Agent } from './agent.ts'
import { type AgentConfig, agentConfig } from './config.ts'
import { CeilingGuard } from './core/ceiling.ts'
import { stayEnrolled } from './enrolled.ts'

/** The light-weight bridge beside a forest. */
export const agent = defineService({
  name: 'agent',
  config: agentConfig,
  bus: false,
  compose: async (context) => {
    const { config } = context
    if (config.enrolment && config.hub_tls) throw twoCertificates()
    const { enrolment } = config
    const ownChannels = config.hub === undefined || enrolment ? undefined : hubChannels(config, config.hub)
    const bridge = new Agent({
      name: config.name,
      ceiling: new CeilingGuard(await readCeiling(config)),
      connector: ldapConnector({ trust: config.trust, allowPlainLoopback: config.allow_plain_loopback }),
      credentials: (salt) => credentialsFrom({ dir: config.credentials_dir, env: process.env, salt }),
      now: context.now,
      settled: memoryKeeper(),
    })
    const ending = new AbortController()
    let attached: Promise<void> | undefined
    const component: Component = {
      name: 'agent',
      start: async () => {
        const channels = ownChannels ?? context.channels
        const client = () => channels.client(ownChannels ? 'hub' : 'capture', proto.HubClient)
        attached = enrolment
          ? stayEnrolled(
              {
                dir: enrolment.dir,
                tokenFile: enrolment.token_file,
                hub: config.hub,
                now: context.now,
                listener: bridge,
                waiting: (message) => context.waiting('hub', message),
              },
              ending.signal,
            )
          : stayAttached(client(), bridge, ending.signal)
        attached.catch((error: unknown) => context.fatal(error))
      },
      stop: async () => {
        ending.abort()
        bridge.stop()
        await attached
        ownChannels?.close()
      },
    }
    return [component]
  },
})

const hubChannels = ({ hub_tls }: AgentConfig, hub: string) =>
  createChannels({
    peers: { hub },
    ...(hub_tls ? { tls: { certFile: hub_tls.cert_file, keyFile: hub_tls.key_file, caFile: hub_tls.ca_file } } : {}),
  })

const twoCertificates = (): Failure =>
  new Failure({
    kind: 'permanent',
    code: 'CANOPY-AGENT-0011',
    message: 'the agent is given a certificate, and a way to get one',
    at: 'agent.hub_tls',
    mend: 'keep one of agent.hub_tls and agent.enrolment',
  })
