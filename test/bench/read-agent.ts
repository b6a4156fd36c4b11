/** A process that reads one directory by the agent's own code, up to the batches it would give a hub, and says what it cost. */
import { readFileSync } from 'node:fs'
import { CredentialGate, ldapConnector, PartitionSession } from '@canopy/agent'
import { agent } from '@canopy/proto'

export interface ReadRequest {
  readonly server: string
  readonly domain: string
  readonly username: string
  readonly password: string
  readonly attributes: readonly string[]
  readonly dialect: string
}

export interface ReadFigures {
  /** From connecting to "no more data", bind included. */
  readonly seconds: number
  readonly cpuSeconds: number
  /** Objects with all their values. */
  readonly objects: number
  /** Besides: parts of lists, links, names. */
  readonly otherEntries: number
  readonly batches: number
  readonly peakRssMb: number
  /** Peak until a tenth, a half, and all of the objects were read. */
  readonly rssMb: readonly number[]
}

const request = JSON.parse(process.argv.at(-1) ?? '{}') as ReadRequest & { readonly expected: number }
const peakRssMb = (): number =>
  Math.round(Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? 0) / 1024)

let objects = 0
let otherEntries = 0
let batches = 0
const rssMb: number[] = []
const marks = [0.1, 0.5].map((share) => share * request.expected)
const startedMs = performance.now()
const before = process.cpuUsage()

const session = new PartitionSession({
  assignment: agent.Assignment.fromPartial({
    forest: 'bench',
    domain: request.domain,
    servers: [request.server],
    credential: 'reader',
    epoch: 1n,
    nextBatch: 1n,
    attributes: [...request.attributes],
    dialect: request.dialect,
  }),
  connector: ldapConnector({ trust: [], allowPlainLoopback: true }),
  credentials: {
    names: async () => ['reader'],
    resolve: async () => [{ username: request.username, password: request.password, version: '1' }],
  },
  gate: new CredentialGate(() => performance.now()),
  now: () => new Date(),
  random: Math.random,
  sendReport: ({ code, message }) => {
    if (code === '' || code === 'CANOPY-LDAP-0005') return
    process.stderr.write(`${code} ${message}\n`)
    process.exit(1)
  },
  sendBatch: async (batch) => {
    batches++
    for (const entry of batch.entries) {
      if (entry.attributes.objectClass) objects++
      else otherEntries++
    }
    if (objects >= (marks[0] ?? Number.POSITIVE_INFINITY)) {
      marks.shift()
      rssMb.push(peakRssMb())
    }
    session.ack(batch.number)
    if (!batch.caughtUp) return
    const { user, system } = process.cpuUsage(before)
    const seconds = (performance.now() - startedMs) / 1000
    rssMb.push(peakRssMb())
    const figures: ReadFigures = {
      seconds,
      cpuSeconds: (user + system) / 1e6,
      objects,
      otherEntries,
      batches,
      peakRssMb: peakRssMb(),
      rssMb,
    }
    process.stdout.write(`${JSON.stringify(figures)}\n`)
    process.exit(0)
  },
})
void session.run()
