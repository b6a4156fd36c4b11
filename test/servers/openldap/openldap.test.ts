/** Proves that OpenLDAP starts full, answers the stock client tools over both transports and keeps its data. */
import { Client } from 'ldapts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runCommand } from '../command.ts'
import type { LdifEntry } from '../ldif.ts'
import { describeWith } from '../required.ts'
import { type Slapd, slapdServer, startSlapd } from './openldap.ts'

const suffix = 'dc=example,dc=test'
const people: readonly LdifEntry[] = Array.from({ length: 3000 }, (_, index) => ({
  dn: `uid=p${index},${suffix}`,
  attributes: {
    objectClass: 'inetOrgPerson',
    uid: `p${index}`,
    cn: `Zoë ${index}`,
    sn: 'Öz',
    jpegPhoto: Buffer.of(0, 255, 10),
  },
}))

describeWith(slapdServer, () => {
  let server: Slapd

  beforeAll(async () => {
    server = await startSlapd({ suffix, entries: people, tls: true })
  }, 30_000)

  afterAll(() => server?.close())

  test('ldapsearch reads every entry at once, with the change number that syncrepl starts from', async () => {
    const bind = [
      '-x',
      '-LLL',
      '-o',
      'ldif-wrap=no',
      '-H',
      server.ldapUrl,
      '-D',
      server.adminDn,
      '-w',
      server.adminPassword,
    ]
    const found = await runCommand('ldapsearch', [...bind, '-b', suffix, '(uid=*)', 'uid', 'entryUUID'])
    expect(found.match(/^entryUUID: /gm)).toHaveLength(3000)
    expect(await runCommand('ldapsearch', [...bind, '-s', 'base', '-b', suffix, 'contextCSN'])).toMatch(
      /contextCSN: \d{14}/,
    )
    const root = await runCommand('ldapsearch', [...bind, '-s', 'base', '-b', '', 'supportedControl'])
    expect(root).toContain('1.3.6.1.4.1.4203.1.9.1.1')
  })

  test('a write over verified LDAPS survives a kill', async () => {
    if (server.tls === undefined) throw new Error('started without TLS')
    const { ldapsUrl, caPem, servername } = server.tls
    const open = async (): Promise<Client> => {
      const client = new Client({ url: ldapsUrl, tlsOptions: { ca: caPem, servername } })
      await client.bind(server.adminDn, server.adminPassword)
      return client
    }
    const writer = await open()
    await writer.add(`uid=late,${suffix}`, { objectClass: 'inetOrgPerson', cn: 'Late', sn: 'Comer' })
    await writer.unbind()
    await server.kill()
    await server.restart()
    const reader = await open()
    const { searchEntries } = await reader.search(suffix, { filter: '(|(uid=late)(uid=p7))', attributes: ['cn'] })
    expect(searchEntries.map(({ cn }) => cn).sort()).toEqual(['Late', 'Zoë 7'])
    await reader.unbind()
  })
})
