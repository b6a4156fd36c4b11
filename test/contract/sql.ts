/** What every server behind the SQL port must do: values, transactions, notifications, failures. */
import { setTimeout as sleep } from 'node:timers/promises'
import { isContention, type Sql, sqlStateOf } from '@canopy/chassis'
import type { TestSql } from '@canopy/chassis/testing'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

/** `make`: a fresh, migrated schema. */
export function sqlContract(name: string, make: () => Promise<TestSql>): void {
  describe(`sql on ${name}`, () => {
    let store: TestSql
    let sql: Sql
    beforeAll(async () => {
      store = await make()
      sql = store.sql
      await sql.query('create table t (id bigint primary key, name text)')
    })
    afterAll(() => store?.close())

    values(() => sql)
    transactions(() => sql)
    others(() => store)
  })
}

function values(sql: () => Sql): void {
  test('values come back as they went', async () => {
    const time = new Date('2026-02-03T04:05:06.789Z')
    const [row] = await sql().query(
      `select $1::text as t, $2::int8 as i, $3::bool as b, $4::timestamptz as d, $5::bytea as y, $6::text as u, $7::uuid as g,
        $8::int4 as s, $9::float8 as f, $10::jsonb as j`,
      [
        'é"\\',
        -(2n ** 63n),
        true,
        time,
        new Uint8Array([0, 255]),
        undefined,
        'c56a4180-65aa-42ec-a945-5fd21dec0538',
        7,
        1.5,
        '{"a":1}',
      ],
    )
    expect(row).toEqual({
      t: 'é"\\',
      i: -(2n ** 63n),
      b: true,
      d: time,
      y: Buffer.from([0, 255]),
      u: null,
      g: 'c56a4180-65aa-42ec-a945-5fd21dec0538',
      s: 7,
      f: 1.5,
      j: { a: 1 },
    })
  })

  test('arrays of any text, bytes, numbers and times come back as they went', { timeout: 30_000 }, async () => {
    const text = fc
      .string({ unit: 'binary', maxLength: 12 })
      .filter((each) => !each.includes('\0') && each.isWellFormed())
    const item = fc.record({
      t: fc.option(fc.oneof(text, fc.constantFrom('', 'NULL', 'null', '{}', '"', '\\', ',', ' a '))),
      y: fc.option(fc.uint8Array({ maxLength: 12 })),
      i: fc.option(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
      d: fc.option(fc.date({ min: new Date(0), max: new Date('30000-01-01'), noInvalidDate: true })),
      b: fc.option(fc.boolean()),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(item, { maxLength: 8 }), async (items) => {
        const columns = [
          items.map(({ t }) => t),
          items.map(({ y }) => y ?? undefined),
          items.map(({ i }) => i),
          items.map(({ d }) => d),
          items.map(({ b }) => b),
        ]
        const rows = await sql().query(
          'select t, y, i, d, b from unnest($1::text[], $2::bytea[], $3::int8[], $4::timestamptz[], $5::bool[]) with ordinality as x (t, y, i, d, b, n) order by n',
          columns,
        )
        expect(rows).toEqual(items.map((each) => ({ ...each, y: each.y === null ? null : Buffer.from(each.y) })))
        const [whole] = await sql().query(
          'select $1::text[] as t, $2::bytea[] as y, $3::int8[] as i',
          columns.slice(0, 3),
        )
        expect(whole).toEqual({
          t: items.map(({ t }) => t),
          y: items.map(({ y }) => (y === null ? null : Buffer.from(y))),
          i: items.map(({ i }) => i),
        })
      }),
      { numRuns: 150 },
    )
  })
}

function transactions(sql: () => Sql): void {
  test('a transaction is all or nothing, and its hooks run after a commit only', async () => {
    const called: string[] = []
    await sql().tx(async (tx) => {
      tx.afterCommit(() => called.push('committed'))
      await tx.query("insert into t values (1, 'a')")
      expect(called).toEqual([])
    })
    const failing = sql().tx(async (tx) => {
      tx.afterCommit(() => called.push('rolled back'))
      await tx.query("insert into t values (2, 'b')")
      throw new Error('no')
    })
    await expect(failing).rejects.toThrow('no')
    expect(await sql().query('select id from t order by id')).toEqual([{ id: 1n }])
    expect(called).toEqual(['committed'])
  })

  test('a failed statement that somebody swallowed is no commit', async () => {
    const swallowing = sql().tx(async (tx) => {
      await tx.query("insert into t values (3, 'c')")
      await tx.query("insert into t values (3, 'c')").catch(() => undefined)
    })
    await expect(swallowing).rejects.toMatchObject({ code: 'CANOPY-SQL-0008' })
    expect(await sql().query('select id from t where id = 3')).toEqual([])
  })

  test('a statement after the end of its transaction is refused', async () => {
    const tx = await sql().tx(async (inner) => inner)
    await expect(tx.query('select 1')).rejects.toMatchObject({ code: 'CANOPY-SQL-0007' })
  })

  test('repeatable read sees one moment', async () => {
    await sql().tx(
      async (tx) => {
        const before = await tx.query('select count(*) as n from t')
        await sql().query("insert into t values (10, 'x')")
        expect(await tx.query('select count(*) as n from t')).toEqual(before)
      },
      { isolation: 'repeatable read' },
    )
  })

  test('a deadlock is told as contention and one of the two gets through', async () => {
    await sql().query("insert into t values (20, ''), (21, '')")
    let waiting = 0
    const lockBoth = (first: number, second: number): Promise<void> =>
      sql().tx(async (tx) => {
        await tx.query('select from t where id = $1 for update', [first])
        waiting++
        while (waiting < 2) await sleep(5)
        await tx.query('select from t where id = $1 for update', [second])
      })
    const results = await Promise.allSettled([lockBoth(20, 21), lockBoth(21, 20)])
    const failed = results.filter((result) => result.status === 'rejected')
    expect(failed).toHaveLength(1)
    expect(isContention(failed[0]!.reason)).toBe(true)
    expect(failed[0]!.reason).toMatchObject({ kind: 'transient' })
  })

  test('a broken rule is permanent, names it, and quotes no value', async () => {
    const error = await sql()
      .query('insert into t values ($1, $2)', [1n, 'secret'])
      .catch((caught: unknown) => caught)
    expect(sqlStateOf(error)).toBe('23505')
    expect(error).toMatchObject({ kind: 'permanent', code: 'CANOPY-SQL-0002' })
    expect(JSON.stringify([String(error), (error as Error).message])).not.toContain('secret')
    const cast = await sql()
      .query('select $1::uuid', ['secret'])
      .catch((caught: unknown) => String(caught))
    expect(cast).not.toContain('secret')
  })
}

function others(store: () => TestSql): void {
  test('notifications reach other connections of the schema, and none of another', async () => {
    const other = await store().second()
    const got: string[] = []
    const stop = await other.listen('news', (payload) => got.push(payload))
    await store().sql.notify('news', 'one')
    while (got.length === 0) await sleep(5)
    await stop()
    await store().sql.notify('news', 'two')
    await sleep(100)
    expect(got).toEqual(['one'])
  })

  test('connections that the server ends are replaced; what ran on them is transient; listeners come back', async () => {
    const { sql } = store()
    const other = await store().second()
    const got: string[] = []
    await other.listen('again', (payload) => got.push(payload))
    const sleeping = other.query('select pg_sleep(20)').catch((caught: unknown) => caught)
    await sleep(200)
    await sql.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and application_name like $1',
      [`canopy.${store().schema}%`],
    )
    expect(await sleeping).toMatchObject({ kind: 'transient' })
    // A connection that died while idle is noticed when it is used, at the latest.
    for (let tries = 0; ; tries++) {
      const alive = await other.query('select 1 as one').catch((caught: unknown) => caught)
      if (Array.isArray(alive)) break
      expect(alive).toMatchObject({ kind: 'transient' })
      expect(tries).toBeLessThan(10)
    }
    const end = performance.now() + 5_000
    while (!got.includes('after') && performance.now() < end) {
      await sql.notify('again', 'after').catch(() => undefined)
      await sleep(50)
    }
    expect(got).toContain('')
    expect(got).toContain('after')
  })
}
