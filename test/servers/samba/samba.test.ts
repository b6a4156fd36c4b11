/** Proves that the Samba domains start together, verify over TLS, load in bulk and grant exactly the rights asked for. */
import { Client, Control } from 'ldapts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { LdifEntry } from '../ldif.ts'
import { describeWith } from '../required.ts'
import { type SambaForest, sambaServer, startSambaForest } from './samba.ts'

const showDeleted = new Control('1.2.840.113556.1.4.417', { critical: true })

describeWith(sambaServer, () => {
  let corp: SambaForest
  let retail: SambaForest

  beforeAll(async () => {
    ;[corp, retail] = await Promise.all([
      startSambaForest({ name: 'CORP.CONTOSO.TEST', netbios: 'CORP' }),
      startSambaForest({ name: 'RETAIL.FABRIKAM.TEST', netbios: 'RETAIL' }),
    ])
  }, 120_000)

  afterAll(async () => {
    await Promise.all([corp?.close(), retail?.close()])
  }, 30_000)

  async function connected(forest: SambaForest, user: string, password: string): Promise<Client> {
    const tlsOptions = { ca: forest.caPem, servername: forest.servername }
    const client = new Client({ url: forest.ldapsUrl, tlsOptions, timeout: 10_000 })
    await client.bind(user, password)
    return client
  }

  async function names(client: Client, base: string, filter: string, controls: Control[] = []): Promise<string[]> {
    const { searchEntries } = await client.search(
      base,
      { scope: 'sub', filter, attributes: ['sAMAccountName'] },
      controls,
    )
    return searchEntries.map((entry) => String(entry.sAMAccountName)).sort()
  }

  test('two forests answer over verified TLS, each with its own root', async () => {
    for (const forest of [corp, retail]) {
      const client = await connected(forest, forest.adminDn, forest.adminPassword)
      const root = await client.search('', { scope: 'base', filter: '(objectClass=*)' })
      expect(root.searchEntries[0]?.defaultNamingContext).toBe(forest.baseDn)
      await client.unbind()
    }
    expect(corp.baseDn).not.toBe(retail.baseDn)
  })

  test('loads entries past LDAP and finds them after a restart', async () => {
    const ou = `OU=Sales,${corp.baseDn}`
    const users: LdifEntry[] = Array.from({ length: 200 }, (_, index) => ({
      dn: `CN=Zoë ${index},${ou}`,
      attributes: {
        objectClass: 'user',
        sAMAccountName: `zoe${index}`,
        userAccountControl: '544',
        displayName: `Zoë ${index}`,
      },
    }))
    expect(await corp.load([{ dn: ou, attributes: { objectClass: 'organizationalUnit' } }, ...users])).toBe(201)
    await corp.kill()
    await corp.restart()
    const client = await connected(corp, corp.adminDn, corp.adminPassword)
    expect(await names(client, ou, '(displayName=Zoë 1*)')).toHaveLength(111)
    await client.unbind()
  }, 60_000)

  test('runs the database tools and samba-tool', async () => {
    await retail.run('samba-tool', ['user', 'create', 'till7', 'T1ll!Secret-77'])
    expect(await retail.run('ldbsearch', ['(sAMAccountName=till7)', 'dn'])).toContain(
      `dn: CN=till7,CN=Users,${retail.baseDn}`,
    )
  }, 30_000)

  test('a reader sees deletes only when it was granted that', async () => {
    const doomed = `CN=doomed,CN=Users,${retail.baseDn}`
    await retail.load([{ dn: doomed, attributes: { objectClass: 'user', sAMAccountName: 'doomed' } }])
    await retail.run('ldbdel', [doomed])
    const blind = await retail.createReader({ replicate: false, seesDeleted: false })
    const seeing = await retail.createReader({ replicate: false, seesDeleted: true })
    const seen = async (reader: typeof blind): Promise<string[]> => {
      const client = await connected(retail, reader.userPrincipalName, reader.password)
      const found = await names(client, retail.baseDn, '(&(isDeleted=TRUE)(sAMAccountName=doomed))', [showDeleted])
      await client.unbind()
      return found
    }
    expect(await seen(blind)).toEqual([])
    expect(await seen(seeing)).toEqual(['doomed'])
  }, 60_000)

  test('only a replicating reader may use DirSync without flags', async () => {
    const poll = async (replicate: boolean): Promise<number> => {
      const reader = await retail.createReader({ replicate, seesDeleted: false })
      const client = await connected(retail, reader.userPrincipalName, reader.password)
      try {
        const options = { scope: 'sub', filter: '(sAMAccountName=Administrator)', timeLimit: 0 } as const
        return (await client.search(retail.baseDn, options, [new DirSync()])).searchEntries.length
      } finally {
        await client.unbind()
      }
    }
    await expect(poll(false)).rejects.toMatchObject({ code: 50 })
    expect(await poll(true)).toBe(1)
  }, 60_000)
})

/** DirSync from the beginning: SEQUENCE { flags 0, maxBytes 2^31-1, cookie '' }. */
class DirSync extends Control {
  constructor() {
    super('1.2.840.113556.1.4.841', { critical: true })
  }

  protected override writeControl(writer: Parameters<Control['write']>[0]): void {
    writer.writeBuffer(Buffer.from('300b02010002047fffffff0400', 'hex'), 0x04)
  }
}
