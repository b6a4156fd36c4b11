import { edge, guidOf, resolveStore, said } from './store.ts'
import { steerPlans } from '../adapters/locks.sql.ts'
import { readFileSync } from 'node:fs'
const store = await resolveStore()
await store.watermark('a'); await store.watermark('b'); await store.open()
const group = guidOf(9)
for (let n = 0; n < 1500; n += 500) {
  const some = Array.from({ length: 500 }, (_, k) => guidOf(1000 + n + k))
  await store.contributions(...some.map((guid) => said({ forest: 'a', guid })))
  await store.edges(...some.map((guid) => edge('a', group, guid)))
}
await store.contributions(said({ forest: 'a', guid: group, kind: 'group' }))
const pairs = (await store.sql.query('select group_anchor g, member_anchor m from desired_edge')) as any[]
const text = readFileSync('/work/main/services/resolve/src/adapters/edges.sql.ts', 'utf8')
const j = /const judgement = `([^`]*)`/.exec(text)![1]
const ex = await store.sql.tx(async (tx) => {
  await steerPlans(tx)
  return tx.query(`explain analyze with pair as (select distinct g, m from unnest($1::uuid[], $2::uuid[]) as p(g, m)) ${j}`, [pairs.map((p) => p.g), pairs.map((p) => p.m)])
})
console.log(ex.map((r: any) => r['QUERY PLAN']).join('\n'))
process.exit(0)
