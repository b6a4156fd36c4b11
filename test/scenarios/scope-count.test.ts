/** canopy config validate and diff on a running Canopy: how many objects each clause of a scope drops. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Standalone, startStandalone } from '@canopy/standalone'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

let data: string
let canopy: Standalone

beforeAll(async () => {
  data = mkdtempSync(join(tmpdir(), 'canopy-count-'))
  canopy = await startStandalone({ data, population: { users: 2, groups: 1, contacts: 0 } })
  const { directory } = canopy.lab!.forests[0]!
  directory.add(`OU=Count,${directory.baseDn}`, { objectClass: ['top', 'organizationalUnit'] })
  for (const [n, department] of ['Count', 'Count', 'Other', undefined].entries()) {
    directory.add(`CN=Counted ${n},OU=Count,${directory.baseDn}`, {
      objectClass: ['top', 'person', 'organizationalPerson', 'user'],
      sAMAccountName: `counted${n}`,
      displayName: `Counted ${n}`,
      userAccountControl: '512',
      ...(department && { department }),
    })
  }
}, 60_000)

afterAll(async () => {
  await canopy.close()
  rmSync(data, { recursive: true, force: true })
})

async function run(scope: string, ...words: string[]): Promise<{ code: number; out: string; err: string }> {
  const path = join(data, 'draft.yaml')
  writeFileSync(path, canopy.lab!.configuration.replace(/^scope: .*$/m, `scope: [{ forest: contoso.lab, ${scope} }]`))
  const main = new URL('../../services/console/src/cli/main.ts', import.meta.url).pathname
  const flags = ['--conditions=@canopy/source', '--disable-warning=ExperimentalWarning']
  const env = { PATH: process.env.PATH, CANOPY_URL: canopy.gateway.url, CANOPY_TOKEN: canopy.gateway.token }
  const child = spawn(process.execPath, [...flags, main, 'config', ...words, path], { env })
  let [out, err] = ['', '']
  child.stdout.on('data', (chunk) => {
    out += chunk
  })
  child.stderr.on('data', (chunk) => {
    err += chunk
  })
  const [code] = (await once(child, 'close')) as [number]
  return { code, out: out.replaceAll(/\n {2}/g, ' '), err }
}

const clauses = `exclude: [{ ou: "OU=Nobody,DC=contoso,DC=lab" }, { attribute: department, equals: Count },
    { attribute: noSuchAttribute, equals: x }]`

interface Told {
  readonly valid: boolean
  readonly scope: {
    readonly forests: readonly {
      readonly forest: string
      readonly objects: number
      readonly clauses: readonly { readonly place: string; readonly asked: number; readonly applies: number }[]
    }[]
  }
}

describe('the scope of a draft', () => {
  it('validate says how many objects each clause drops, and what is worth a look', async () => {
    const text = await vi.waitFor(
      async () => {
        const { code, out, err } = await run(clauses, 'validate')
        expect([code, err]).toEqual([0, ''])
        expect(out).toMatch(/fabrikam\.lab: \d+ objects?; \d+ in scope/)
        expect(out).toMatch(/scope\[0\]\.exclude\[1\] department: drops 2 of \d+ objects of contoso\.lab; \d+ have no/)
        return out
      },
      { timeout: 30_000, interval: 500 },
    )
    expect(text).toContain('The configuration is valid.')
    expect(text).toMatch(/contoso\.lab: \d+ objects?; .*\d+ undecided \(.*an excluded OU or group is not found yet/)
    expect(text).toContain('warning no object has a value of noSuchAttribute')
    const json = JSON.parse((await run(clauses, 'validate', '--json')).out) as Told
    const [contoso] = json.scope.forests
    expect(json.valid).toBe(true)
    expect(contoso).toMatchObject({
      forest: 'contoso.lab',
      clauses: [
        { place: 'scope[0].exclude[1]', applies: 2 },
        { place: 'scope[0].exclude[2]', applies: 0, warning: 'allAbsent' },
      ],
    })
    expect(contoso!.clauses[0]!.asked).toBeLessThanOrEqual(contoso!.objects)
  }, 60_000)

  it('diff says the same, of what a draft would admit', async () => {
    const { out } = await run('include: { anyOf: [{ attribute: department, notEquals: Count }] }', 'diff')
    expect(out).toMatch(/scope\[0\]\.include\.anyOf\[0\] department: admits \d+ of \d+ .* and are admitted/)
  })

  it('a draft that is refused is not counted', async () => {
    const { code, out } = await run('exclude: [{ attribute: department }]', 'validate')
    expect([code, out]).toEqual([1, expect.not.stringContaining('drops')])
  })
})
