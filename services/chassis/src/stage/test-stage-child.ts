/** A process that runs the test stage until it is killed: `node test-stage-child.ts <connection as JSON> <schema>`. */
import type { SqlConnection } from '../sql/connection.ts'
import { postgresSql } from '../sql/postgres.ts'
import { runStage } from './run-stage.ts'
import { keepStage, shortTtlMs, silent, testBus } from './test-stage.ts'

const connection = JSON.parse(process.argv[2] ?? '') as SqlConnection
const schema = process.argv[3] ?? ''
const sql = await postgresSql({ connection, schema })
const bus = await testBus(connection, `${schema}_bus`)
await runStage(keepStage(), {
  sql,
  bus,
  instance: `child ${process.pid}`,
  log: silent,
  signal: new AbortController().signal,
  leaseTtlMs: shortTtlMs,
})
process.stdout.write('running\n')
process.stdin.on('end', () => process.exit(1)).resume()
