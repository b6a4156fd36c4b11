/** Runs the lab cloud as a process of its own: prints one line of JSON when it is ready, ends on SIGTERM. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startCloud } from './cloud.ts'

const { values } = parseArgs({
  options: {
    name: { type: 'string', default: 'tenant.lab' },
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '0' },
    dir: { type: 'string' },
    quota: { type: 'string', default: 'unlimited' },
    seed: { type: 'string' },
    'lag-ms': { type: 'string', default: '0' },
    domains: { type: 'string' },
  },
})

if (values.dir === undefined) throw new Error('--dir is missing: the folder the tenant is kept in')
if (values.quota !== 'published' && values.quota !== 'unlimited') throw new Error('--quota is published or unlimited')

mkdirSync(values.dir, { recursive: true, mode: 0o700 })
const cloud = await startCloud({
  name: values.name,
  host: values.host,
  port: Number(values.port),
  dir: values.dir,
  quota: values.quota,
  seed: values.seed,
  lag: { ms: Number(values['lag-ms']) },
  domains: values.domains?.split(','),
})
const caFile = join(values.dir, 'ca.pem')
writeFileSync(caFile, cloud.caPem)

const { name, tenantId, graphUrl, authorityUrl, exchangeUrl, client, controlToken } = cloud
process.stdout.write(
  `${JSON.stringify({ name, tenantId, graphUrl, authorityUrl, exchangeUrl, caFile, client, controlToken })}\n`,
)

let closing = false
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    if (closing) return
    closing = true
    void cloud.close().then(() => process.exit(0))
  })
}
