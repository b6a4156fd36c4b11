import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Topic } from '@canopy/proto'
import { expect, test } from 'vitest'
import { testSql } from '../testing.ts'
import { runStage } from './run-stage.ts'
import { keepStage, keptTable, readLog, send, shortTtlMs, silent, source, target, testBus } from './test-stage.ts'

test('processes killed at random points lose nothing between store and topic', { timeout: 60_000 }, async () => {
  const store = await testSql('kill')
  await store.sql.query(keptTable)
  const bus = await testBus(store.connection, `${store.schema}_bus`)
  await bus.ensureTopics([source, target] as Topic[])
  const start = async (): Promise<ChildProcess> => {
    const child = spawn(
      process.execPath,
      [
        '--conditions=@canopy/source',
        fileURLToPath(new URL('./test-stage-child.ts', import.meta.url)),
        JSON.stringify(store.connection),
        store.schema,
      ],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    )
    await once(child.stdout!, 'data')
    return child
  }
  let n = 0
  let sending = true
  const keys = Array.from({ length: 200 }, (_, index) => `k${index}`)
  const sender = (async () => {
    while (sending) {
      n++
      await send(
        bus,
        source,
        keys.map((key) => ({ key, n })),
      )
      await sleep(25)
    }
  })()
  const children = [await start(), await start()]
  for (let round = 0; round < 8; round++) {
    await sleep(100 + Math.random() * 700)
    children.shift()?.kill('SIGKILL')
    children.push(await start())
  }
  sending = false
  await sender
  for (const child of children) child.kill('SIGKILL')

  const last = await runStage(keepStage(), {
    sql: store.sql,
    bus,
    instance: 'last',
    log: silent,
    signal: new AbortController().signal,
    leaseTtlMs: shortTtlMs,
  })
  for (;;) {
    const { outbox, lags } = await last.status()
    if (outbox === 0 && lags.every((lag) => lag.nextOffset === lag.endOffset)) break
    await sleep(50)
  }
  await last.close()
  const rows = await store.sql.query<{ key: string; n: number; version: number }>('select key, n, version from kept')
  const log = await readLog(bus, target as Topic)
  const newest = new Map(log.map(({ key, value }) => [key, target.codec.decode(value!)]))
  // The test means something only if the killed ones did the work.
  const killed = await store.sql.query<{ epoch: bigint }>(
    "select max(epoch) as epoch from lease where pool = 'publish.keep'",
  )
  expect(killed[0]!.epoch).toBeGreaterThan(3n)
  expect(rows).toHaveLength(200)
  for (const { key, n: kept, version } of rows) {
    expect(kept).toBe(n)
    expect(newest.get(key)).toEqual({ key, n: kept, version })
  }
  await bus.close()
  await store.sql.query(`drop schema "${store.schema}_bus" cascade`)
  await store.close()
})
