import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { groupBody, openCloud, referenceTo, type TestCloud, unifiedBody, userBody } from './testing.ts'

const folder = process.env.TEST_SHARED_DATA
const file = folder === undefined ? undefined : join(folder, 'graph-doc-samples.json')
const isThere = file !== undefined && existsSync(file)
if (!isThere) console.log('Skipped: TEST_SHARED_DATA does not name a folder with graph-doc-samples.json')

interface Sample {
  readonly request: { readonly method: string; readonly url: string }
  readonly response: { readonly statusCode?: number; readonly body?: Readonly<Record<string, unknown>> }
}

interface World {
  readonly user: string
  readonly member: string
  readonly group: string
  readonly contact: string
  readonly gone: string
}

async function populate(lab: TestCloud): Promise<World> {
  const { directory } = lab.cloud
  const user = directory.create('user', userBody('user') as never).id
  const member = directory.create('user', userBody('member') as never).id
  const group = directory.create('group', groupBody('group') as never).id
  const gone = directory.create('group', unifiedBody('gone') as never).id
  directory.setManager(user, member)
  directory.addMember(group, member)
  directory.remove(gone)
  await lab.cmdlet('New-MailContact', { Name: 'c', ExternalEmailAddress: 'c@partner.lab' })
  return { user, member, group, contact: directory.contacts()[0]?.id ?? '', gone }
}

/** The documented requests this cloud answers; the rest of Graph is not its business. */
const covered = [
  /^users(\?|$)/,
  /^users\/(\$count|delta|\*)(\?|$)/,
  /^users\/\*\/(manager|memberOf)(\/\$ref)?(\?|$)/,
  /^groups(\?|$)/,
  /^groups\/(delta|\*)(\?|$)/,
  /^groups\(uniqueName/,
  /^groups\/\*\/members(\/\$ref|\/\*\/\$ref|\/\$count|\/microsoft\.graph\.user(\/\$count)?)?(\?|$)/,
  /^contacts(\/\*|\/delta)?(\?|$)/,
  /^directory\/deleted[iI]tems\//,
  /^directoryObjects\/(getByIds|\*)$/,
  /^organization(\/\*)?$/,
  /^domains(\/\*)?$/,
]
const notHere =
  /getUserOwned|learnCourses|signInActivity|customSecurity|identities|assignedLicenses|hasMembersWithLicense|unseenCount|delta\?.*contacts/i
const writesElsewhere = /^(PATCH|DELETE|POST) (organization|domains)/

function concrete(path: string, world: World): string {
  return path
    .replace(/^users\/\*/, `users/${world.user}`)
    .replace(/^groups\/\*\/members\/\*/, `groups/${world.group}/members/${world.member}`)
    .replace(/^groups\/\*/, `groups/${world.group}`)
    .replace(/^contacts\/\*/, `contacts/${world.contact}`)
    .replace(/^(directory\/deleted[iI]tems)\/\*/, `$1/${world.gone}`)
    .replace(/^directoryObjects\/\*/, `directoryObjects/${world.user}`)
    .replace(/^domains\/\*/, 'domains/contoso.lab')
    .replace('uniqueName=*', "uniqueName='sample'")
    .replace(/"displayName:\*"/g, '"displayName:x"')
    .replace(/(startswith|endswith)\((\w+),\*\)/gi, "$1($2,'x')")
    .replace(
      'mailEnabled eq * and securityEnabled eq * and  * and membershipRuleProcessingState eq *',
      "mailEnabled eq false and securityEnabled eq true and membershipRuleProcessingState eq 'On'",
    )
    .replace('$filter=* gt *', "$filter=displayName gt 'a'")
    .replace('$orderbydisplayName', '$orderby=displayName')
    .replace('description:*', 'description:x')
}

function bodyFor(method: string, path: string, world: World): object | undefined {
  if (method === 'GET' || method === 'DELETE') return undefined
  if (path.startsWith('groups(')) return groupBody('sample')
  if (path.endsWith('/manager/$ref')) return referenceTo(world.member)
  if (path.endsWith('/members/$ref')) return referenceTo(world.user)
  if (path.endsWith('getByIds')) return { ids: [world.user], types: ['user'] }
  if (path === 'users') return userBody('made')
  if (path === 'groups') return groupBody('made')
  return path.startsWith('users/') || path.startsWith('groups/') ? { displayName: 'changed' } : undefined
}

test.skipIf(!isThere)(
  'the documented requests get answers of the documented class and shape',
  async () => {
    const { samples } = JSON.parse(readFileSync(file as string, 'utf8')) as { samples: readonly Sample[] }
    const mismatches: string[] = []
    let compared = 0
    for (const { request, response } of samples) {
      const path = request.url.replace(/^https:\/\/graph\.microsoft\.com\/v1\.0\//, '')
      const wanted = covered.some((pattern) => pattern.test(path)) && !notHere.test(path)
      if (!wanted || response.statusCode === undefined || writesElsewhere.test(`${request.method} ${path}`)) continue
      await using lab = await openCloud()
      const world = await populate(lab)
      const target = concrete(path, world).replace(/^organization\/\*/, `organization/${lab.cloud.tenantId}`)
      const body = bodyFor(request.method, target.split('?')[0] ?? '', world)
      const headers = { ConsistencyLevel: 'eventual', prefer: 'create-if-missing' }
      const answer = await lab.ask(request.method, encodeURI(target), { body, headers })
      compared += 1
      const sameClass = Math.floor(answer.status / 100) === Math.floor(response.statusCode / 100)
      const listed = Array.isArray(response.body?.value) === Array.isArray(answer.body?.value)
      const shaped = request.method !== 'GET' || typeof answer.body !== 'object' || listed
      if (!sameClass || !shaped)
        mismatches.push(`${request.method} ${target}: ${answer.status} ${JSON.stringify(answer.body?.error?.message)}`)
    }
    console.log(`${compared} of ${samples.length} documented requests compared`)
    expect(mismatches).toEqual([])
    expect(compared).toBeGreaterThan(50)
  },
  30_000,
)
