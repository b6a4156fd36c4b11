/**
 * Runs one forest as a process of its own: one JSON line when it is ready, SIGTERM ends it.
 * Each line on its standard input is a fault as JSON, `{"fault":"delay","ms":200,"controller":"DC2"}`; by default of all.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import type { ForestFault } from './faults.ts'
import { startForest } from './forest.ts'

const { values } = parseArgs({
  options: {
    name: { type: 'string', default: 'contoso.lab' },
    users: { type: 'string', default: '500' },
    groups: { type: 'string', default: '80' },
    contacts: { type: 'string', default: '20' },
    'members-per-group': { type: 'string', default: '15' },
    seed: { type: 'string', default: '1' },
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '0' },
    'ldaps-port': { type: 'string', default: '0' },
    controllers: { type: 'string', default: '1' },
    'replication-lag-ms': { type: 'string', default: '0' },
    dir: { type: 'string' },
  },
})

const scratch = values.dir === undefined ? mkdtempSync(join(tmpdir(), 'lab-forest-')) : undefined
const forest = await startForest({
  name: values.name,
  dir: values.dir,
  population: {
    users: Number(values.users),
    groups: Number(values.groups),
    contacts: Number(values.contacts),
    membersPerGroup: Number(values['members-per-group']),
  },
  seed: Number(values.seed),
  host: values.host,
  port: Number(values.port),
  ldapsPort: Number(values['ldaps-port']),
  controllers: Number(values.controllers),
  replicationLagMs: Number(values['replication-lag-ms']),
})
const caFile = join(values.dir ?? scratch ?? '.', 'ca.pem')
writeFileSync(caFile, forest.caPem)

const stop = (): void => {
  void forest.close().then(() => {
    if (scratch !== undefined) rmSync(scratch, { recursive: true, force: true })
    process.exit(0)
  })
}
process.once('SIGTERM', stop)
process.once('SIGINT', stop)

createInterface({ input: process.stdin }).on('line', (line) => {
  try {
    const { controller, ...fault } = JSON.parse(line) as ForestFault & { readonly controller?: string }
    for (const each of forest.controllers)
      if (controller === undefined || each.name === controller) each.faults.set(fault)
  } catch (error) {
    process.stderr.write(`not a fault: ${error instanceof Error ? error.message : ''}\n`)
  }
})

const { name, url, ldapsUrl, baseDn, servername, account, admin } = forest
const controllers = forest.controllers.map((each) => ({ name: each.name, url: each.url, ldapsUrl: each.ldapsUrl }))
const counts = forest.directory.counts()
const ready = { name, url, ldapsUrl, baseDn, servername, account, admin, caFile, controllers, counts }
process.stdout.write(`${JSON.stringify(ready)}\n`)
