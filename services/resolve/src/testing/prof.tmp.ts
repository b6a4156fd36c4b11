import { edge, guidOf, resolveStore, said } from '/work/main/services/resolve/src/testing/store.ts'
const N = Number(process.argv[2] ?? 1000)
const store = await resolveStore()
const tot = new Map<string, {n:number, ms:number}>()
const origTx = store.sql.tx.bind(store.sql)
;(store.sql as any).tx = (fn: any, o: any) => origTx(async (tx: any) => {
  const q = tx.query.bind(tx)
  const w = Object.create(tx); w.query = async (t: string, p: any) => { const s = performance.now(); try { return await q(t, p) } finally { const k = t.replace(/\s+/g,' ').slice(0, 110); const e = tot.get(k) ?? {n:0,ms:0}; e.n++; e.ms += performance.now()-s; tot.set(k,e) } }
  w.afterCommit = tx.afterCommit.bind(tx)
  return fn(w)
}, o)
await store.watermark('a'); await store.watermark('b'); await store.open()
const group = guidOf(9)
const t0 = performance.now()
for (let n = 0; n < N; n += 500) {
  const some = Array.from({ length: 500 }, (_, k) => guidOf(1000 + n + k))
  let s = performance.now()
  await store.contributions(...some.map((guid) => said({ forest: 'a', guid })))
  console.log('contrib', performance.now() - s); s = performance.now()
  await store.edges(...some.map((guid) => edge('a', group, guid)))
  console.log('edges', performance.now() - s)
}
await store.contributions(said({ forest: 'a', guid: group, kind: 'group' }))
let s = performance.now(); await store.drain(); console.log('drain', performance.now() - s)
for (const [k, v] of [...tot].sort((a, b) => b[1].ms - a[1].ms).slice(0, 12)) console.log(v.n, v.ms.toFixed(1), k)
await store.close(); process.exit(0)
