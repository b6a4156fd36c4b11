/** What every new forest contains before anybody is hired: naming contexts, default containers, the directory server. */
import { createHash } from 'node:crypto'
import { applyAdd } from './apply-add.ts'
import { Entry, type Value } from './entry.ts'
import { guidFromHex } from './guid.ts'
import { attribute, findClass } from './schema.ts'
import type { Store } from './store.ts'

/** A GUID that is the same for the same words. */
export function guidOf(...words: readonly string[]): string {
  return guidFromHex(createHash('sha256').update(words.join('\n')).digest('hex').slice(0, 32))
}

/** The domain SID of a forest: fixed by its name. */
export function domainSidOf(name: string): string {
  const digest = createHash('sha256').update(`sid:${name.toLowerCase()}`).digest()
  return `S-1-5-21-${digest.readUInt32LE(0)}-${digest.readUInt32LE(4)}-${digest.readUInt32LE(8)}`
}

export function baseDnOf(name: string): string {
  return name
    .split('.')
    .map((label) => `DC=${label}`)
    .join(',')
}

export function netbiosOf(name: string): string {
  return (name.split('.')[0] ?? name).toUpperCase().slice(0, 15)
}

export function ntdsSettingsDn(baseDn: string, controller = 'DC1'): string {
  return `CN=NTDS Settings,CN=${controller},CN=Servers,CN=Default-First-Site-Name,CN=Sites,CN=Configuration,${baseDn}`
}

interface Seed {
  readonly name: string
  readonly invocationId: string
  readonly atMs: number
}

export function createBaseTree(store: Store, seed: Seed): void {
  const baseDn = baseDnOf(seed.name)
  addRoot(store, seed, { dn: baseDn, className: 'domainDNS' })
  addRoot(store, seed, { dn: `CN=Configuration,${baseDn}`, className: 'configuration' })
  addRoot(store, seed, { dn: `CN=Schema,CN=Configuration,${baseDn}`, className: 'dMD' })
  const add = (
    dn: string,
    className: string,
    attributes: Readonly<Record<string, readonly Value[]>> = {},
    rid?: number,
  ): Entry =>
    applyAdd(store, {
      op: 'add',
      atMs: seed.atMs,
      guid: guidOf(seed.name, dn),
      dn,
      attributes: { objectClass: [className], ...attributes },
      rid,
    })
  const critical = { isCriticalSystemObject: ['TRUE'], showInAdvancedViewOnly: ['FALSE'] }
  const settings = [`CN=NTDS Settings`, 'CN=DC1', 'CN=Servers', 'CN=Default-First-Site-Name', 'CN=Sites']
  const classes = ['nTDSDSA', 'server', 'serversContainer', 'site', 'sitesContainer']
  for (let i = settings.length - 1; i >= 0; i--) {
    const dn = `${settings.slice(i).join(',')},CN=Configuration,${baseDn}`
    add(dn, classes[i] ?? 'container', i === 1 ? { dNSHostName: [`dc1.${seed.name}`] } : {})
  }
  store.find(ntdsSettingsDn(baseDn))?.put(attribute('invocationId'), [Buffer.from(seed.invocationId, 'hex')])
  add(`CN=Partitions,CN=Configuration,${baseDn}`, 'crossRefContainer')
  add(`CN=${netbiosOf(seed.name)},CN=Partitions,CN=Configuration,${baseDn}`, 'crossRef', {
    nETBIOSName: [netbiosOf(seed.name)],
    dnsRoot: [seed.name],
    nCName: [baseDn],
    systemFlags: ['3'],
  })
  for (const name of ['Users', 'Computers', 'System', 'Managed Service Accounts', 'Deleted Objects']) {
    add(`CN=${name},${baseDn}`, 'container', critical)
  }
  store.find(`CN=Deleted Objects,${baseDn}`)?.put(attribute('isDeleted'), ['TRUE'])
  add(`CN=ForeignSecurityPrincipals,${baseDn}`, 'container', critical)
  add(`CN=Builtin,${baseDn}`, 'builtinDomain', critical)
  add(`CN=LostAndFound,${baseDn}`, 'lostAndFound', critical)
  add(`OU=Domain Controllers,${baseDn}`, 'organizationalUnit', critical)
  for (const [group, rid] of [
    ['Domain Admins', 512],
    ['Domain Users', 513],
    ['Domain Guests', 514],
    ['Domain Computers', 515],
  ] as const) {
    add(
      `CN=${group},CN=Users,${baseDn}`,
      'group',
      { ...critical, sAMAccountName: [group], groupType: ['-2147483646'] },
      rid,
    )
  }
}

/** The server object of a further controller, `DC2`, made or brought up to date as its joining the domain does. */
export function addController(store: Store, o: Seed & { readonly controller: string }): void {
  const settings = ntdsSettingsDn(baseDnOf(o.name), o.controller)
  const server = settings.slice(settings.indexOf(',') + 1)
  for (const [dn, className] of [
    [server, 'server'],
    [settings, 'nTDSDSA'],
  ] as const) {
    if (store.find(dn) !== undefined) continue
    const attributes = { objectClass: [className] }
    applyAdd(store, { op: 'add', atMs: o.atMs, guid: guidOf(o.name, dn), dn, attributes })
  }
  store.find(server)?.put(attribute('dNSHostName'), [`${o.controller.toLowerCase()}.${o.name}`])
  store.find(settings)?.put(attribute('invocationId'), [Buffer.from(o.invocationId, 'hex')])
}

function addRoot(store: Store, seed: Seed, o: { readonly dn: string; readonly className: string }): void {
  const objectClass = findClass(o.className)
  if (objectClass === undefined) throw new Error(`no class ${o.className}`)
  const [rdnType = '', rdnValue = ''] = (o.dn.split(',')[0] ?? '').split('=')
  const guid = guidOf(seed.name, o.dn)
  const root = new Entry({ guid, parent: undefined, rdnType, rdnValue, objectClass, usn: ++store.usn, atMs: seed.atMs })
  if (o.className === 'domainDNS') root.foreignSid = store.domainSid
  store.addContext(o.dn, root)
  store.index(root)
}
