/** The one port that agents outside need: they enrol there with a token, and attach with the certificate they got. */
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Component,
  call,
  classify,
  type Failure,
  type Listener,
  openListener,
  type PeerCertificate,
  peerCertificate,
  requestCertificate,
  sleep,
  unary,
} from '@canopy/chassis'
import { agent, type agents, enrolment } from '@canopy/proto'
import type { AgentIdentity } from './adapters/agent-session.ts'
import type { Hub } from './adapters/hub.ts'
import { attachHandler, unenrolled } from './adapters/rpc.ts'
import { events } from './events.ts'

export interface AgentPortOptions {
  readonly listen: string
  /** DNS names and addresses agents reach it by. */
  readonly names: readonly string[]
  readonly control: agents.AgentsClient
  readonly now: () => Date
  /** Told what it waits for. */
  readonly waiting: (message: string | undefined) => void
  readonly onListening?: (address: string) => void
}

/** How soon a revocation takes effect. */
const pollMs = 2_000
const renewHubMs = 30 * 86_400_000

export class AgentPort {
  private readonly options: AgentPortOptions
  private readonly ending = new AbortController()
  private running: Promise<void> | undefined
  private listener: Listener | undefined
  private dir: string | undefined
  private certifiedMs = 0
  private revoked: ReadonlySet<string> = new Set()

  constructor(options: AgentPortOptions) {
    this.options = options
  }

  component(hub: Hub): Component {
    return {
      name: 'capture.agent-port',
      // It waits for control without keeping anything else waiting.
      start: async () => {
        this.running = this.run(hub)
      },
      stop: async () => {
        this.ending.abort()
        await this.running
        await this.listener?.close()
        if (this.dir !== undefined) await rm(this.dir, { recursive: true, force: true })
      },
    }
  }

  /** Also while control is away: by what it said last. */
  believes({ serial, notAfterMs }: AgentIdentity): boolean {
    return !this.revoked.has(serial) && notAfterMs > this.options.now().getTime()
  }

  private identify(peer: PeerCertificate | undefined): AgentIdentity | undefined {
    if (!peer) return undefined
    const { commonName: name, units: forests, serial, notAfterMs } = peer
    const identity = { name, forests, serial, notAfterMs }
    return this.believes(identity) ? identity : undefined
  }

  private async run(hub: Hub): Promise<void> {
    const { signal } = this.ending
    while (!signal.aborted) {
      try {
        await this.follow()
        if (this.options.now().getTime() - this.certifiedMs > renewHubMs) await this.certify()
        if (!this.listener) await this.listen(hub)
        this.options.waiting(undefined)
      } catch (error) {
        const { code, message } = classify(error)
        this.options.waiting(`${code}  ${message}`)
      }
      await sleep(pollMs, signal).catch(() => undefined)
    }
  }

  private async follow(): Promise<void> {
    const { revoked } = await call(this.options.control, 'getAuthority', {})
    this.revoked = new Set(revoked)
  }

  /** The hub's own certificate, signed by the authority that signs those of agents; its key stays in this process's folder. */
  private async certify(): Promise<void> {
    const { control, names } = this.options
    this.dir ??= await mkdtemp(join(tmpdir(), 'canopy-hub-'))
    await mkdir(this.dir, { recursive: true, mode: 0o700 })
    const files = filesIn(this.dir)
    const known = this.certifiedMs === 0 ? undefined : await readFile(files.keyFile, 'utf8')
    const { csr, keyPem } = await requestCertificate('canopy hub', known)
    const { certificate, authority } = await call(control, 'issueHub', { csr: Buffer.from(csr), names: [...names] })
    if (known === undefined) await writeFile(files.keyFile, keyPem, { mode: 0o600 })
    await writeFile(files.caFile, authority)
    await writeFile(`${files.certFile}.new`, certificate)
    await rename(`${files.certFile}.new`, files.certFile)
    this.certifiedMs = this.options.now().getTime()
  }

  private async listen(hub: Hub): Promise<void> {
    const listener = openListener(this.options.listen, filesIn(this.dir!))
    const identify = (stream: Parameters<typeof peerCertificate>[0]) => this.identify(peerCertificate(stream))
    listener.server.addService(agent.HubService, { attach: attachHandler(hub, identify) })
    listener.server.addService(enrolment.EnrolmentService, this.handlers())
    const address = await listener.start()
    this.listener = listener
    events.agentPortOpen({ address })
    this.options.onListening?.(address)
  }

  private handlers(): enrolment.EnrolmentServer {
    const { control } = this.options
    return {
      enrol: unary(({ token, csr }: enrolment.EnrolRequest) =>
        call(control, 'issueAgent', { token, csr, agent: '', serial: '' }),
      ),
      renew: unary(async ({ csr }: enrolment.RenewRequest, { peer }) => {
        const identity = this.identify(peer)
        if (!identity) throw unenrolled() satisfies Failure
        const { name, serial } = identity
        return call(control, 'issueAgent', { token: '', csr, agent: name, serial })
      }),
    }
  }
}

const filesIn = (dir: string) => ({
  certFile: join(dir, 'hub.crt'),
  keyFile: join(dir, 'hub.key'),
  caFile: join(dir, 'ca.crt'),
  refreshMs: 10_000,
})
