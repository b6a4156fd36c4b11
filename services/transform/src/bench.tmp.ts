import { change, topics, configuration } from '@canopy/proto'
import { resolve } from '../../resolve/src/index.ts'
import { transform } from './service.ts'
import { testProcess, collect } from './testing/process.ts'
import * as defaults from '../../control/src/core/defaults.ts'
import { configured } from './core/configured.ts'
import { contribute } from './core/contribute.ts'
import { comparable } from './core/comparable.ts'
const guidOf = (n: number): string => `${(n*2654435761>>>0).toString(16).padStart(8,'0')}-0000-4000-8000-${String(n).padStart(12, '0')}`
const v = (t: string) => ({ values: [Buffer.from(t)] })
const mappings: any = Object.values(defaults.defaultTables)[0]
console.log('rules', mappings.length)
const U = 20000, G = 3000, C = 1000, E = 40000
const source = { server: 'dc1', namingContext: 'DC=a', epoch: 1n, batch: 1n, observedAt: new Date(), snapshot: true }
const objs: change.DirectoryObject[] = []
for (let n = 0; n < U + G + C; n++) {
  const kind = n < U ? 'user' : n < U + G ? 'group' : 'contact'
  const forest = n % 2 ? 'a' : 'b'
  const name = `Person Number${n}`
  objs.push({ ...change.DirectoryObject.fromPartial({ forest, guid: guidOf(n), version: 1n << 40n, kind, name, objectClasses: ['top','person',kind], sid: `S-1-5-21-1-2-3-${n}`, path: ['root','staff'], dn: `CN=${name},OU=Staff,DC=${forest},DC=lab`, references: n < U && n > 10 ? { manager: guidOf(n % 10 - (n%2===n%10%2?0:0)) } : {} }), source,
    attributes: { displayName: v(name), givenName: v('Person'), sn: v(`Number${n}`), sAMAccountName: v(`p${n}`), userPrincipalName: v(`p${n}@${forest}.lab`), mail: v(`p${n}@${forest}.lab`), proxyAddresses: { values: [Buffer.from(`SMTP:p${n}@${forest}.lab`), Buffer.from(`smtp:x${n}@${forest}.lab`)] }, department: v('Dept'), title: v('Title'), company: v('Comp'), l: v('Ulm'), userAccountControl: v('512'), groupType: v('-2147483646'), whenCreated: v('20200102030405.0Z'), telephoneNumber: v('+49 1'), postalCode: v('89000'), co: v('Germany'), c: v('DE') } })
}
const cfg = configuration.Configuration.fromPartial({ name: 't', version: 1n, forests: [{ name: 'a', state: 'active' }, { name: 'b', state: 'active' }], mappings })
{ const config = configured(cfg); console.log('problems', config.problems)
  const bound = () => undefined; const now = new Date(); const users = objs.slice(0, U)
  for (let r = 0; r < 3; r++) { let s = performance.now(); let made: any[] = users.map((object) => contribute({ object, config, bound, now })); const t1 = performance.now() - s; s = performance.now(); let b = 0; for (const m of made) b += comparable(m.contribution).length; const t2 = performance.now() - s; console.log('map', (U / t1 * 1000).toFixed(0), '/s; map+encode', (U / (t1 + t2) * 1000).toFixed(0), '/s; bytes', b / U) }
}
if (process.argv[2] === 'core') process.exit(0)
const p = await testProcess({ services: [transform, resolve], outputs: [topics.changes, topics.edges] })
const d = await collect(p.bus, topics.desired), de = await collect(p.bus, topics.desiredEdges)
const c = await collect(p.bus, topics.contributions)
await p.say(topics.changes, objs.map((message) => ({ key: `${message.forest}/${message.guid}`, message })))
const edges: any[] = []
for (let n = 0; n < E; n++) { const g = U + (n % G); const forest = g % 2 ? 'a' : 'b'; let m = (n * 7919) % U; if (m % 2 !== g % 2) m = (m + 1) % U; const message = { forest, groupGuid: guidOf(g), member: guidOf(m), version: 1n << 40n, present: true, source }; edges.push({ key: `${forest}/${message.groupGuid}/${message.member}`, message }) }
await p.say(topics.edges, edges)
await new Promise((r) => setTimeout(r, 1500))
const cpu0 = process.cpuUsage(); let t0 = performance.now()
await p.configure(cfg)
const wait = async (f: () => boolean) => { while (!f()) await new Promise((r) => setTimeout(r, 5)) }
await wait(() => c.messages.filter((m) => !m.key.startsWith('=')).length >= U + G + C); console.log('contributions out after', performance.now() - t0)
for (const forest of ['a', 'b']) await p.watermark({ forest, partition: `DC=${forest}`, epoch: 1n, checkpoint: 1n, observedAt: new Date(), objects: 1, edges: 1 })
await wait(() => d.messages.length > 0); console.log('first desired', performance.now() - t0)
await wait(() => d.messages.length >= U + G + C); console.log('desired all', performance.now() - t0, d.messages.length)
await wait(() => d.watermarks.length >= 8); console.log('watermarks', performance.now() - t0, de.messages.length)
const cpu = process.cpuUsage(cpu0); console.log('cpu ms', cpu.user / 1000, cpu.system / 1000)
// live: second phase, everybody renamed
t0 = performance.now(); const before = d.messages.length
await p.say(topics.changes, objs.slice(0, 6000).map((o) => ({ key: `${o.forest}/${o.guid}`, message: { ...o, version: o.version + 1n, attributes: { ...o.attributes, title: v('New') } } })))
await wait(() => d.messages.length >= before + 6000); console.log('live 6000 changes', performance.now() - t0)
t0 = performance.now(); const eb = de.messages.length
await p.say(topics.edges, edges.slice(0, 15000).map((e) => ({ key: e.key, message: { ...e.message, version: e.message.version + 1n, present: false } })))
await wait(() => de.messages.length >= eb + 10000); console.log('live edges', de.messages.length - eb, performance.now() - t0)
const lat: number[] = []
for (let n = 0; n < 10; n++) { const o = objs[n]!; const b = d.messages.length; const s = performance.now(); await p.say(topics.changes, [{ key: `${o.forest}/${o.guid}`, message: { ...o, version: o.version + 5n, attributes: { ...o.attributes, title: v(`N${n}`) } } }]); while (d.messages.length === b) await new Promise((r) => setTimeout(r, 1)); lat.push(performance.now() - s) }
console.log('latency', lat.map((x) => x.toFixed(0)).join(' '))
await p.stop(); process.exit(0)
