/** `npm run bench -- <name> [--json]`: figures as ratios to a yardstick measured in the same run. */
import { parseArgs } from 'node:util'
import { latency } from './latency.ts'
import { map } from './map.ts'
import { noop } from './noop.ts'
import { read } from './read.ts'
import { reevaluate } from './reevaluate.ts'
import { sync } from './sync.ts'

export interface BenchOptions {
  readonly users: number
  readonly groups: number
  readonly membersPerGroup: number
  readonly mode: 'standalone' | 'distributed'
  readonly changes: number
  /** People of the Samba domain that is read too; 0: none. */
  readonly samba: number
  readonly progress: (line: string) => void
}

const benches = { sync, latency, noop, read, map, reevaluate } as const

const usage = `npm run bench -- <${Object.keys(benches).join('|')}> [options]

  --json              the result as one JSON document
  --users N           users of the forest (default 20000; latency 2000; read 100000; map 200000 objects)
  --groups N          groups (default users / 10)
  --members N         members per group (default 20)
  --mode M            standalone (default) or distributed (Apache Kafka, PostgreSQL, a process per service)
  --changes N         changes of latency (default 200)
  --samba N           read: people of a Samba domain that is read too (default 20000; 0: none)

  sync     objects from a directory server to the cloud through the whole pipeline; yardstick: ldapsearch reading the same server
  latency  change in the directory to the cloud write: idle, and a disable during a first load
  read     a whole directory by the agent's reading code, from OpenLDAP and Samba; yardstick: ldapsearch of the same attributes
  reevaluate  a configuration version that changes nothing, through Kafka: seconds, and messages, which must be 0
  noop     a full reconcile with nothing to do: seconds, and writes, which must be 0
  map      objects per second of CPU through the default mapping and a scope; yardstick: reading the same bytes as text`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
    users: { type: 'string' },
    groups: { type: 'string' },
    members: { type: 'string', default: '20' },
    mode: { type: 'string', default: 'standalone' },
    changes: { type: 'string', default: '200' },
    samba: { type: 'string', default: '20000' },
  },
})
const name = positionals[0] ?? ''
const bench = Object.hasOwn(benches, name) ? benches[name as keyof typeof benches] : undefined
if (values.help || !bench) {
  console.error(usage)
  process.exit(values.help ? 0 : 2)
}
const defaultUsers: Readonly<Record<string, number>> = { latency: 2_000, read: 100_000, map: 200_000 }
const users = Number(values.users ?? defaultUsers[name] ?? 20_000)
const result = await bench({
  users,
  groups: Number(values.groups ?? Math.round(users / 10)),
  membersPerGroup: Number(values.members),
  mode: values.mode === 'distributed' ? 'distributed' : 'standalone',
  changes: Number(values.changes),
  samba: Number(values.samba),
  progress: (line) => console.error(line),
})
console.log(
  values.json
    ? JSON.stringify(result)
    : Object.entries(result)
        .map(([key, value]) => `${key.padEnd(28)} ${typeof value === 'object' ? JSON.stringify(value) : value}`)
        .join('\n'),
)
process.exit(0)
