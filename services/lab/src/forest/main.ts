/** Runs one forest as a process of its own: one JSON line when it is ready, SIGTERM ends it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
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

const { name, url, ldapsUrl, baseDn, servername, account, admin } = forest
const ready = { name, url, ldapsUrl, baseDn, servername, account, admin, caFile, counts: forest.directory.counts() }
process.stdout.write(`${JSON.stringify(ready)}\n`)
