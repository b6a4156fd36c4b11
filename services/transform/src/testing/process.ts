/** For tests: transform alone, until it is killed. `node process.ts <connection as JSON> <schema>`. */
import { postgresBus, postgresSql, type SqlConnection, silentLog, startServices } from '@canopy/chassis'
import { transform } from '../service.ts'

const connection = JSON.parse(process.argv[2] ?? '') as SqlConnection
const schema = process.argv[3] ?? ''
const store = await postgresSql({ connection, schema: `${schema}_bus` })
await startServices([transform], {
  adapters: {
    sql: (service) => postgresSql({ connection, schema: `${schema}_${service}` }),
    bus: await postgresBus({ sql: store }),
  },
  rpc: { listen: [] },
  log: silentLog,
})
process.stdin.on('end', () => process.exit(1)).resume()
