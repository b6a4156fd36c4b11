/** The agent: a session per assigned partition, and commands, as the hub says. */
import { classify, rootTrace, version } from '@canopy/chassis'
import type { agent } from '@canopy/proto'
import type { AgentConfig } from './config.ts'
import { checkPartition } from './core/check.ts'
import { CredentialGate } from './core/gate.ts'
import { readObject } from './core/read-object.ts'
import { PartitionSession } from './core/session.ts'
import { events } from './events.ts'
import type { Connector, Credentials, HubLink, HubListener } from './ports.ts'

export interface AgentOptions {
  readonly config: AgentConfig
  readonly connector: Connector
  readonly credentials: Credentials
  readonly now: () => Date
}

export class Agent implements HubListener {
  private readonly options: AgentOptions
  private readonly gate = new CredentialGate()
  private readonly sessions = new Map<string, PartitionSession>()
  private readonly abort = new AbortController()

  constructor(options: AgentOptions) {
    this.options = options
  }

  /** Ends every session and command. */
  stop(): void {
    this.abort.abort()
    this.onDetached()
  }

  async hello(): Promise<agent.Hello> {
    const { config, credentials } = this.options
    return {
      agent: config.name,
      version,
      protocol: 1,
      credentials: [...(await credentials.names())],
      forests: [...config.ceiling.forests],
    }
  }

  onDetached(): void {
    for (const session of this.sessions.values()) session.stop()
    this.sessions.clear()
  }

  onMessage({ body }: agent.HubMessage, link: HubLink): void {
    switch (body?.$case) {
      case 'assignment':
        this.assign(body.value, link)
        return
      case 'release':
        this.sessions.get(key(body.value))?.stop()
        this.sessions.delete(key(body.value))
        events.released({ forest: body.value.forest, domain: body.value.domain })
        return
      case 'ack': {
        const session = this.sessions.get(key(body.value))
        if (session?.assignment.epoch === body.value.epoch) session.ack(body.value.number)
        return
      }
      case 'command':
        void this.command(body.value, link)
        return
      case 'welcome':
      case 'heartbeat':
      case undefined:
        return
    }
  }

  private assign(assignment: agent.Assignment, link: HubLink): void {
    const { forests } = this.options.config.ceiling
    if (forests.length > 0 && !forests.includes(assignment.forest)) return
    this.sessions.get(key(assignment))?.stop()
    const { forest, domain, epoch } = assignment
    events.assigned({ forest, domain, epoch: String(epoch) })
    if (assignment.refusedCredentialVersion !== '') {
      this.gate.refuse(assignment.refusedCredentialVersion, refusedElsewhere(assignment))
    }
    const session = new PartitionSession({
      assignment,
      connector: this.options.connector,
      credentials: this.options.credentials,
      gate: this.gate,
      now: this.options.now,
      random: Math.random,
      sendBatch: async (batch) => {
        events.batchSent({ forest, entries: batch.entries.length })
        await link.send({ $case: 'batch', value: traced(batch) })
      },
      sendReport: (report) => {
        events.partitionState({ forest, state: report.state, code: report.code, server: report.server })
        void link.send({ $case: 'report', value: report })
      },
    })
    this.sessions.set(key(assignment), session)
    void session.run()
  }

  private async command({ id, body }: agent.Command, link: HubLink): Promise<void> {
    const result: agent.CommandResult = { id, code: '', message: '', entries: [], lines: [] }
    try {
      const session = body ? this.sessions.get(key(body.value)) : undefined
      if (!body || !session)
        Object.assign(result, refusal('CANOPY-AGENT-0001', 'the partition is not assigned to this agent'))
      else if (body.$case === 'resnapshot') session.resnapshot()
      else if (body.$case === 'check') result.lines.push(...(await this.check(session)))
      else if (!session.live) Object.assign(result, refusal('CANOPY-AGENT-0002', 'the directory is not connected'))
      else {
        const { directory, root } = session.live
        const { attributes } = session.assignment
        result.entries.push(
          ...(await readObject(
            { directory, kind: root.kind, namingContext: root.namingContext, attributes },
            body.value.who,
          )),
        )
      }
    } catch (error) {
      const failure = classify(error)
      Object.assign(result, refusal(failure.code, failure.message))
    }
    await link.send({ $case: 'result', value: result })
  }

  private check(session: PartitionSession): Promise<agent.CheckLine[]> {
    const { connector, credentials, now } = this.options
    const { assignment } = session
    return checkPartition({ assignment, connector, credentials, now, gate: this.gate, signal: this.abort.signal })
  }
}

/** A change begins its trace where it is first seen; a reading from the start is no change. */
const traced = (batch: agent.Batch): agent.Batch => {
  if (batch.phase !== 'PHASE_STREAM' || batch.entries.length === 0) return batch
  const { traceparent } = rootTrace('agent.batch', { 'canopy.forest': batch.forest })
  return traceparent === undefined ? batch : { ...batch, traceparent }
}

const key = ({ forest, domain }: { readonly forest: string; readonly domain: string }): string => `${forest}/${domain}`

const refusal = (code: string, message: string): Pick<agent.CommandResult, 'code' | 'message'> => ({ code, message })

const refusedElsewhere = ({ domain, credential }: agent.Assignment) => ({
  code: 'CANOPY-LDAP-0004',
  message: `${domain} has refused this version of credential ${credential} before`,
  mend: `give the agent a new value (${credential}). Not tried again with this one (lock-out protection)`,
  credentialRefused: true,
})
