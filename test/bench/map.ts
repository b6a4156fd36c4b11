/**
 * Mapping alone, on one core: objects per second of CPU through the default table and a scope, in the process that maps. The
 * yardstick is the same bytes read as text and nothing else. `full` users have a value in every attribute the table reads.
 */
import { compileConfiguration, defaultTables } from '@canopy/control'
import { attributeSyntax, guidToBytes, sidToBytes } from '@canopy/domain'
import { change } from '@canopy/proto'
import { type Configured, comparable, configured, contribute, type Made } from '@canopy/transform'
import type { BenchOptions } from './main.ts'
import { round } from './sync.ts'

const source = `version: canopy/v1
name: bench
forests:
  - { name: big.lab, domains: [{ name: big.lab, credential: reader }] }
scope:
  - forest: big.lab
    include: { anyOf: [{ ou: "OU=Staff,DC=big,DC=lab" }] }
    exclude: [{ attribute: department, equals: Contractors }]
mappings: { extends: entra/defaults@2026-11 }
targets:
  - { name: entra, type: graph, mode: observe, tenant: 00000000-0000-0000-0000-000000000000, credential: writer }
`

const staff = 'aaaaaaaa-0000-4000-8000-00000000000a'

/** What most people have in a directory. */
const usual = `displayName givenName sn cn title department company physicalDeliveryOfficeName streetAddress l st postalCode co c
countryCode mobile telephoneNumber mail mailNickname proxyAddresses employeeID userPrincipalName sAMAccountName
userAccountControl objectSid pwdLastSet accountExpires whenCreated extensionAttribute1 extensionAttribute2
preferredLanguage info description msExchRecipientDisplayType msExchRecipientTypeDetails msExchRemoteRecipientType`

const fixed: Readonly<Record<string, (n: number) => readonly string[]>> = {
  useraccountcontrol: () => ['512'],
  accountexpires: () => ['9223372036854775807'],
  pwdlastset: () => ['133500000000000000'],
  whencreated: () => ['20200102030405.0Z'],
  msexchrecipienttypedetails: () => ['2147483648'],
  countrycode: () => ['276'],
  displayname: (n) => [` Ada Park ${n} `],
  mail: (n) => [`ada.park.${n}@big.lab`],
  userprincipalname: (n) => [`ada.park.${n}@big.lab`],
  proxyaddresses: (n) => [`SMTP:ada.park.${n}@big.lab`, `smtp:a.park.${n}@big.lab`, `smtp:${n}@big.onmicrosoft.com`],
}

const guidOf = (n: number): string => `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`

function bytesOf(lower: string, n: number): readonly Buffer[] {
  switch (attributeSyntax(lower)) {
    case 'guid':
      return [Buffer.from(guidToBytes(guidOf(n))!)]
    case 'sid':
      return [Buffer.from(sidToBytes(`S-1-5-21-1-2-3-${n + 1000}`)!)]
    case 'octets':
      return [Buffer.alloc(16, n)]
    default:
      return (fixed[lower]?.(n) ?? [`${lower} of ${n}`]).map((text) => Buffer.from(text))
  }
}

function user(n: number, names: readonly string[]): change.DirectoryObject {
  return change.DirectoryObject.fromPartial({
    forest: 'big.lab',
    guid: guidOf(n),
    version: BigInt(n + 1),
    kind: 'user',
    objectClasses: ['top', 'person', 'organizationalPerson', 'user'],
    name: `Ada Park ${n}`,
    dn: `CN=Ada Park ${n},OU=Staff,DC=big,DC=lab`,
    path: [staff],
    sid: `S-1-5-21-1-2-3-${n + 1000}`,
    attributes: Object.fromEntries(names.map((name) => [name, { values: [...bytesOf(name.toLowerCase(), n)] }])),
    references: { manager: guidOf(n + 1) },
    source: { observedAt: new Date('2026-11-23T00:00:00Z'), server: 'dc1' },
  })
}

/** `documented`: every rule of the table, also those that no target takes and that are otherwise left out. */
function benchConfiguration(documented: boolean): Configured {
  const { configuration, problems } = compileConfiguration(source)
  if (!configuration) throw new Error(`the configuration of the bench is wrong: ${JSON.stringify(problems)}`)
  const mappings = documented ? [...defaultTables['entra/defaults@2026-11']!] : configuration.mappings
  return configured({ ...configuration, mappings })
}

interface Rate {
  /** Of the median round. */
  readonly perCpuSecond: number
  /** Of the quickest round: the least disturbed by neighbours. */
  readonly best: number
  readonly rssMb: readonly number[]
}

const rounds = 8

/** Objects per second of this process's own CPU, so that waiting for neighbours on the machine does not count. */
function rate(objects: number, work: (n: number) => void): Rate {
  const perRound = Math.ceil(objects / rounds)
  const rates: number[] = []
  const rssMb: number[] = []
  for (let round = 0; round < rounds; round++) {
    const started = process.cpuUsage()
    for (let n = 0; n < perRound; n++) work(round * perRound + n)
    const { user: userMicros, system } = process.cpuUsage(started)
    rates.push(Math.round((perRound * 1e6) / (userMicros + system)))
    rssMb.push(Math.round(process.memoryUsage.rss() / 2 ** 20))
  }
  rates.sort((one, other) => one - other)
  return { perCpuSecond: rates[rounds / 2]!, best: rates.at(-1)!, rssMb }
}

/** Distinct objects that go round: enough that nothing is served from a cache of values. */
const distinct = 2_000

export async function map(options: BenchOptions): Promise<Record<string, unknown>> {
  const objects = Math.max(20_000, options.users)
  const figures: Record<string, unknown> = {}
  const few = usual.split(/\s+/)
  for (const [name, documented, filled] of [
    ['defaults', false, few],
    ['documented', true, few],
    ['documentedAndFilled', true, undefined],
  ] as const) {
    const config = benchConfiguration(documented)
    const rules = config.kinds.get('user')!.values
    const names = filled ?? [...new Set([...rules.flatMap(({ sources }) => sources), ...few])]
    const figure = measure(config, names, objects)
    options.progress(`${name}: ${figure.objectsPerCpuSecond} objects per CPU second`)
    figures[name] = { rules: rules.length, attributes: names.length, ...figure }
  }
  return { bench: 'map', objects, ...figures }
}

const now = new Date('2026-11-23T00:00:00Z')
const bound = (dn: string): string | undefined => (dn === 'OU=Staff,DC=big,DC=lab' ? staff : undefined)

function measure(config: Configured, names: readonly string[], objects: number) {
  const all = Array.from({ length: distinct }, (_, n) => user(n, names))
  const one = (n: number): Made => contribute({ object: all[n % distinct]!, config, bound, now })!
  const text = (n: number): void => {
    const { attributes } = all[n % distinct]!
    for (const key in attributes) for (const value of attributes[key]!.values) value.toString('utf8')
  }
  check(one(7).contribution)
  rate(20_000, one)
  const mapping = rate(objects, one)
  const compared = rate(Math.ceil(objects / 4), (n) => comparable(one(n).contribution))
  const yardstick = rate(objects, text)
  return {
    objectsPerCpuSecond: mapping.perCpuSecond,
    best: mapping.best,
    withComparison: compared.perCpuSecond,
    timesYardstick: round(yardstick.best / mapping.best),
    rssMb: { first: mapping.rssMb[0], last: mapping.rssMb.at(-1) },
  }
}

/** A bench that maps nothing would be the fastest. */
function check({ scope, attributes, steps }: Made['contribution']): void {
  const note = steps.at(-1)?.note
  if (scope !== 'SCOPE_IN' || attributes.displayName?.values[0] !== ' Ada Park 7 ' || note) {
    throw new Error(`the bench does not map: ${scope}, ${JSON.stringify(attributes.displayName)}, ${note}`)
  }
}
