import { edge, guidOf, resolveStore, said } from './store.ts'
const store = await resolveStore()
await store.watermark('a'); await store.watermark('b'); await store.open()
const group = guidOf(9)
for (let n = 0; n < 1000; n += 500) {
  const some = Array.from({ length: 500 }, (_, k) => guidOf(1000 + n + k))
  await store.contributions(...some.map((guid) => said({ forest: 'a', guid })))
  await store.edges(...some.map((guid) => edge('a', group, guid)))
}
await store.contributions(said({ forest: 'a', guid: group, kind: 'group' }))
const pairs = (await store.sql.query('select group_anchor g, member_anchor m from desired_edge')) as any[]
console.log(pairs.length)
for (const mode of ['on', 'off']) {
const ex = await store.sql.tx(async (tx) => {
  await tx.query(`select set_config('enable_seqscan','off',true), set_config('enable_hashjoin','${mode}',true), set_config('enable_mergejoin','off',true)`)
  return tx.query(`explain analyze with pair as (select distinct g, m from unnest($1::uuid[], $2::uuid[]) as p(g, m))
  select p.g, p.m, s.source from pair p
    left join lateral (
      select e.forest || '/' || e.group_guid || '/' || e.member as source
      from contribution cg cross join contribution cm
        cross join lateral (values (case when cm.forest = cg.forest then cm.guid::text end), (cm.sid)) as x(member)
        join source_edge e on e.forest = cg.forest and e.group_guid = cg.guid and e.member = x.member
      where cg.anchor = p.g and cm.anchor = p.m and e.present
      limit 1
    ) s on true -- ${mode}`, [pairs.map((p) => p.g), pairs.map((p) => p.m)])
})
console.log(ex.map((r: any) => r['QUERY PLAN']).join('\n'))
}
const an = await store.sql.query<any>('select anchor from contribution limit 500')
const ex = await store.sql.tx(async (tx) => {
  await tx.query(`select set_config('enable_seqscan','off',true), set_config('enable_hashjoin','off',true), set_config('enable_mergejoin','off',true)`)
  return tx.query(`explain analyze select cg.anchor, cm.anchor from unnest($1::uuid[]) a(anchor)
        join contribution cm on cm.anchor = a.anchor
        join source_edge e on e.member_guid = cm.guid and e.forest = cm.forest and e.present
        join contribution cg on cg.forest = e.forest and cg.guid = e.group_guid limit 2000`, [an.map((r: any) => r.anchor)])
})
console.log(ex.map((r: any) => r['QUERY PLAN']).join('\n'))
process.exit(0)
