import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { migrate, postgresSql } from '@canopy/chassis'
import { testServer, testSql, testSqlOn } from '@canopy/chassis/testing'
import { describe, expect, test } from 'vitest'
import { sqlContract } from './sql.ts'

const debian = '/usr/lib/postgresql/15'
const external = process.env.CANOPY_TEST_PG_URL

sqlContract('the embedded PostgreSQL', () => testSql('contract'))

if (external) sqlContract('the PostgreSQL of CANOPY_TEST_PG_URL', () => testSqlOn({ url: external }, 'contract'))

if (existsSync(join(debian, 'bin/postgres'))) {
  sqlContract('PostgreSQL 15', async () =>
    testSqlOn({ connection: await testServer({ binaries: { folder: debian, major: 15 } }) }, 'contract'),
  )
} else {
  describe.skip('sql on PostgreSQL 15: Debian package postgresql-15 is not installed', () => test('skipped'))
}

test('migrations are applied once, in order, by whoever comes first; a newer store is refused', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'canopy-migrations-'))
  const folder = pathToFileURL(`${dir}/`)
  await writeFile(join(dir, '0001_first.sql'), 'create table a (n int);\ninsert into a values (1);\n')
  const store = await testSql('migrate', folder)
  const other = await store.second()
  await writeFile(
    join(dir, '0002_second.sql'),
    '-- a comment; with a semicolon\ninsert into a values (2);\ncreate function f() returns int language sql as $$ select 1; $$;',
  )
  await Promise.all([migrate(store.sql, folder), migrate(other, folder), migrate(other, folder)])
  expect(await store.sql.query('select n from a order by n')).toEqual([{ n: 1 }, { n: 2 }])
  await writeFile(join(dir, '0003_bad.sql'), 'insert into a values (3);\ninsert into nowhere values (1);')
  await expect(migrate(store.sql, folder)).rejects.toMatchObject({ code: 'CANOPY-SQL-0002' })
  expect(await store.sql.query('select n from a order by n')).toEqual([{ n: 1 }, { n: 2 }])
  await rm(join(dir, '0003_bad.sql'))
  await rm(join(dir, '0002_second.sql'))
  await expect(migrate(store.sql, folder)).rejects.toMatchObject({ code: 'CANOPY-SQL-0003', kind: 'permanent' })
  await store.close()
  await rm(dir, { recursive: true })
})

test('an address nobody answers at is transient, one that is none is permanent; neither is quoted', async () => {
  await expect(postgresSql({ url: 'postgres://u:hidden@127.0.0.1:1/x', schema: 's' })).rejects.toMatchObject({
    kind: 'transient',
    code: 'CANOPY-SQL-0001',
  })
  const error = await postgresSql({ url: 'mysql://u:hidden@x', schema: 's' }).catch((caught: unknown) => caught)
  expect(error).toMatchObject({ kind: 'permanent', code: 'CANOPY-SQL-0006' })
  expect(String(error)).not.toContain('hidden')
})
