/** The agent: a session per assigned partition, and commands, as the hub says. */
import { classify, rootTrace, version } from '@canopy/chassis'
import { parseGuid } from '@canopy/domain'
import type { agent } from '@canopy/proto'
import { HubArbiter } from './adapters/arbiter.ts'
import { BesideReadings, ReadingLost } from './core/beside.ts'
import type { CeilingGuard } from './core/ceiling.ts'
import { checkPartition } from './core/check.ts'
import { CredentialGate } from './core/gate.ts'
import { readHolders, readObject } from './core/read-object.ts'
import { PartitionSession } from './core/session.ts'
import { events } from './events.ts'
import { type Connector, type Credentials, type HubLink, type HubListener, LdapError } from './ports.ts'

export interface AgentOptions {
  readonly name: string
  readonly ceiling: CeilingGuard
  readonly connector: Connector
  /** With fingerprints that mean something to the hub alone, once it said its salt. */
  readonly credentials: (salt: () => Uint8Array | undefined) => Credentials
  readonly now: () => Date
  /** Told when there is less to do than before. */
  readonly settled?: () => void
}

/** Version of the protocol that this agent speaks. */
const protocol = 2

export class Agent implements HubListener {
  private readonly options: AgentOptions
  private readonly credentials: Credentials
  private readonly gate = new CredentialGate(() => performance.now())
  private readonly sessions = new Map<string, PartitionSession>()
  private readonly beside = new BesideReadings()
  private readonly abort = new AbortController()
  private arbiter: HubArbiter | undefined
  private salt: Uint8Array | undefined

  constructor(options: AgentOptions) {
    this.options = options
    this.credentials = options.credentials(() => this.salt)
  }

  /** Ends every session and command. */
  stop(): void {
    this.abort.abort()
    this.onDetached()
  }

  async hello(): Promise<agent.Hello> {
    this.options.settled?.()
    const { name, ceiling } = this.options
    const { forests, attributes, ous, readOnly } = ceiling.ceiling
    return {
      agent: name,
      version,
      protocol,
      credentials: [...(await this.credentials.names())],
      forests: [...forests],
      ceiling: { attributes: [...attributes], ous: [...ous], readOnly },
    }
  }

  onDetached(): void {
    this.arbiter?.close()
    this.arbiter = undefined
    this.gate.arbiter = undefined
    for (const session of this.sessions.values()) session.stop()
    this.sessions.clear()
    this.beside.close()
  }

  onMessage({ body }: agent.HubMessage, link: HubLink): void {
    switch (body?.$case) {
      case 'welcome':
        this.welcomed(body.value, link)
        return
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
      case 'verdict':
        this.arbiter?.onVerdict(body.value)
        return
      case 'heartbeat':
      case undefined:
        return
    }
  }

  /** A hub of protocol 1 does not arbitrate: each agent is then on its own, and told of refusals per partition. */
  private welcomed(welcome: agent.Welcome, link: HubLink): void {
    if (welcome.protocol < 2) return
    this.salt = welcome.credentialSalt
    this.arbiter = new HubArbiter(link)
    this.gate.arbiter = this.arbiter
  }

  private assign(asked: agent.Assignment, link: HubLink): void {
    const { ceiling, connector, now } = this.options
    if (!ceiling.admitsForest(asked.forest)) return
    const assignment = { ...asked, attributes: ceiling.asked(asked.attributes) }
    this.sessions.get(key(assignment))?.stop()
    const { forest, domain, epoch } = assignment
    events.assigned({ forest, domain, epoch: String(epoch) })
    if (assignment.refusedCredentialVersion !== '' && !this.arbiter) {
      this.gate.refuse(assignment.refusedCredentialVersion, refusedElsewhere(assignment))
    }
    const session = new PartitionSession({
      assignment,
      connector,
      credentials: this.credentials,
      gate: this.gate,
      now,
      random: Math.random,
      settled: () => this.options.settled?.(),
      sendBatch: async (read) => {
        const batch = { ...read, entries: ceiling.entries(read.entries, read.phase === 'PHASE_STREAM') }
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
    const result: agent.CommandResult = { id, code: '', message: '', entries: [], lines: [], more: false }
    try {
      const session = body ? this.sessions.get(key(body.value)) : undefined
      if (!body || !session)
        Object.assign(result, refusal('CANOPY-AGENT-0001', 'the partition is not assigned to this agent'))
      else if (!this.options.ceiling.admitsCommand(body))
        Object.assign(result, refusal('CANOPY-AGENT-0004', 'the ceiling of this agent allows reading alone'))
      else Object.assign(result, await this.carryOut(body, session))
    } catch (error) {
      const failure = classify(error)
      Object.assign(result, refusal(failure.code, failure.message))
    }
    await link.send({ $case: 'result', value: result })
  }

  private async carryOut(
    body: NonNullable<agent.Command['body']>,
    session: PartitionSession,
  ): Promise<Partial<agent.CommandResult>> {
    const { ceiling } = this.options
    const { live } = session
    const { attributes } = session.assignment
    switch (body.$case) {
      case 'resnapshot':
        session.resnapshot()
        return {}
      case 'check':
        return { lines: await this.check(session) }
      case 'readObject': {
        if (!live) return unconnected
        const { directory } = live
        const { kind, namingContext } = live.root
        const { who, memberDn } = body.value
        const options = { directory, kind, namingContext, attributes }
        const found =
          memberDn === ''
            ? await readObject(options, who)
            : await readHolders(options, { guid: parseGuid(who) ?? '', dn: memberDn })
        return { entries: ceiling.entries(found, false) }
      }
      case 'readWindow': {
        if (!live) return unconnected
        try {
          const { entries, more } = await this.beside.next(live, body.value, attributes)
          return { entries: ceiling.entries(entries, false), more }
        } catch (error) {
          if (error instanceof ReadingLost) return refusal('CANOPY-AGENT-0003', error.message)
          // The place is not there any more: nothing is below it.
          if (error instanceof LdapError && error.code === 32) return { more: false }
          const { code, message } = this.options.connector.explain(live.directory.server, error)
          return refusal(code, message)
        }
      }
    }
  }

  private check(session: PartitionSession): Promise<agent.CheckLine[]> {
    const { connector, now } = this.options
    const { assignment } = session
    const { credentials, gate } = this
    return checkPartition({ assignment, connector, credentials, now, gate, signal: this.abort.signal })
  }
}

const refusal = (code: string, message: string): Pick<agent.CommandResult, 'code' | 'message'> => ({ code, message })

const unconnected = refusal('CANOPY-AGENT-0002', 'the directory is not connected')

/** A change begins its trace where it is first seen; a reading from the start is no change. */
const traced = (batch: agent.Batch): agent.Batch => {
  if (batch.phase !== 'PHASE_STREAM' || batch.entries.length === 0) return batch
  const { traceparent } = rootTrace('agent.batch', { 'canopy.forest': batch.forest })
  return traceparent === undefined ? batch : { ...batch, traceparent }
}

const key = ({ forest, domain }: { readonly forest: string; readonly domain: string }): string => `${forest}/${domain}`

const refusedElsewhere = ({ domain, credential }: agent.Assignment) => ({
  code: 'CANOPY-LDAP-0004',
  message: `${domain} has refused this version of credential ${credential} before`,
  mend: `give the agent a new value (${credential}). Not tried again with this one (lock-out protection)`,
  credentialRefused: true,
})
