/** Two Samba AD forests, read by agent and capture: each is whole, and members of the other are known by their SID. */
import type { Client } from 'ldapts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeWith } from '../servers/required.ts'
import { type SambaForest, sambaServer, startSambaForest } from '../servers/samba/samba.ts'
import { add } from './directory.cases.ts'
import { type CapturePlace, startCapturePlace } from './directory.place.ts'
import { activeDirectory, administer } from './directory.subject.ts'

describeWith(sambaServer, () => {
  let forests: readonly [SambaForest, SambaForest]
  let admins: readonly Client[]
  let place: CapturePlace

  /** GUIDs of people by DN. */
  const users = async (client: Client, base: string): Promise<Map<string, string>> => {
    const { searchEntries } = await client.search(base, {
      scope: 'sub',
      filter: '(&(objectClass=user)(!(objectClass=computer)))',
      attributes: ['objectGUID'],
      explicitBufferAttributes: ['objectGUID'],
    })
    return new Map(
      searchEntries.map(({ dn, objectGUID }) => [dn, activeDirectory.guidText(objectGUID as unknown as Buffer)]),
    )
  }

  beforeAll(async () => {
    forests = await Promise.all([
      startSambaForest({ name: 'CORP.CONTOSO.TEST', netbios: 'CORP' }),
      startSambaForest({ name: 'RETAIL.FABRIKAM.TEST', netbios: 'RETAIL' }),
    ])
    admins = await Promise.all(
      forests.map(({ ldapsUrl, servername, caPem, adminDn, adminPassword }) =>
        administer({ server: ldapsUrl, servername, caPem, admin: { dn: adminDn, password: adminPassword } }),
      ),
    )
    for (const [n, admin] of admins.entries()) {
      const name = `CN=Zoë ${n},CN=Users,${forests[n]!.baseDn}`
      await admin.add(name, { objectClass: ['user'], sAMAccountName: `zoe${n}` })
    }
    place = await startCapturePlace(
      await Promise.all(
        forests.map(async (forest, n) => ({
          forest: n === 0 ? 'contoso' : 'fabrikam',
          domain: forest.baseDn.replace(/^DC=/, '').replaceAll(',DC=', '.'),
          server: forest.ldapsUrl,
          servername: forest.servername,
          caPem: forest.caPem,
          reader: await forest.createReader({ replicate: true, seesDeleted: true }),
        })),
      ),
    )
  }, 120_000)

  afterAll(async () => {
    await place?.close()
    for (const admin of admins ?? []) await admin.unbind()
    for (const forest of forests ?? []) await forest.close()
  }, 30_000)

  test('each forest is there, with the people it has and no others', async () => {
    for (const [n, forest] of ['contoso', 'fabrikam'].entries()) {
      const truth = [...(await users(admins[n]!, forests[n]!.baseDn)).values()].sort()
      const seen = () =>
        [...place.objects.values()]
          .filter((each) => each.forest === forest && each.kind === 'user' && !each.gone)
          .map((each) => each.guid)
          .sort()
      // A watermark is on every partition of the topic; the first may be here before what is on the others.
      await place.until('the people', () => seen().length >= truth.length)
      expect(seen()).toEqual(truth)
    }
  })

  test('a member of the other forest is an edge by SID', async () => {
    const [ours, theirs] = admins as [Client, Client]
    const stranger = (await users(theirs, forests[1].baseDn)).get(`CN=Zoë 1,CN=Users,${forests[1].baseDn}`)!
    await place.until('the stranger', () => place.objects.has(`fabrikam/${stranger}`))
    const sid = place.objects.get(`fabrikam/${stranger}`)!.sid
    const group = `CN=Holds a stranger,CN=Users,${forests[0].baseDn}`
    await ours.add(group, { ...activeDirectory.group('holdsastranger') })
    await ours.modify(group, add('member', [`<SID=${sid}>`]))
    const seen = () => [...place.objects.values()].find((each) => each.dn === group)
    await place.until('the edge', () => seen() !== undefined && place.membersOf(seen()!.guid).length === 1)
    expect(place.membersOf(seen()!.guid)).toEqual([sid])
  })
})
