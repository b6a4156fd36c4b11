/** Every way into scope, out of it and in again, from the directory to the cloud: by OU, group, clause, exclusion, configuration. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { call } from '@canopy/chassis'
import type { LabDirectory, LabTenant } from '@canopy/lab'
import { change, control, transform } from '@canopy/proto'
import { type Standalone, startStandalone } from '@canopy/standalone'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

let data: string
let canopy: Standalone
let forest: LabDirectory
let tenant: LabTenant
let count = 0

const inDays = 'deleteAfter: 30d'
const ou = (name: string) => `OU=${name},${forest.baseDn}`
const cn = (name: string) => `CN=${name},${ou('Circles')}`

/** The lab's configuration with this scope of the first forest; guards are another matter. */
function configured(scope: string): string {
  const guards = 'guards: { delete: { max: 10000, percent: 100 }, memberRemoval: { percent: 100, floor: 10000 } }'
  return canopy
    .lab!.configuration.replace(/^scope: .*$/m, `scope: [{ forest: contoso.lab, ${scope} }]`)
    .replaceAll('    credential: tenant-writer', `    credential: tenant-writer\n    ${guards}`)
}

/** Resolves once what is read from now on is mapped under it: its names were found in the forest. */
async function apply(scope: string): Promise<void> {
  const { channels } = canopy.running
  const request = { source: configured(scope), who: 'test' }
  const { problems, configuration } = await call(
    channels.client('control', control.ControlClient),
    'applyConfiguration',
    request,
  )
  expect(problems.filter((problem) => !problem.warning)).toEqual([])
  const mapping = channels.client('transform', transform.TransformClient)
  const object = change.DirectoryObject.fromPartial({ forest: 'contoso.lab', kind: 'user' })
  const inForce = async () => {
    const { configurationVersion } = await call(mapping, 'preview', { object, configuration: undefined })
    expect(configurationVersion).toBe(configuration?.version)
  }
  await vi.waitFor(inForce, { timeout: 20_000, interval: 50 })
}

/** A new person; returns their name. */
function hire(place: string, more: Readonly<Record<string, string>> = {}): string {
  const name = `Person ${++count}`
  const account = `person${count}`
  forest.add(`CN=${name},${ou(place)}`, {
    objectClass: ['top', 'person', 'organizationalPerson', 'user'],
    sAMAccountName: account,
    userPrincipalName: `${account}@contoso.lab`,
    displayName: name,
    userAccountControl: '512',
    ...more,
  })
  return name
}

function team(name: string): void {
  forest.add(cn(name), { objectClass: ['top', 'group'], sAMAccountName: name, groupType: '-2147483646' })
}

/** absent, enabled, disabled, or deleted. */
function state(name: string): string {
  const [user] = tenant.users((one) => one.properties.displayName === name)
  if (user) return user.properties.accountEnabled === true ? 'enabled' : 'disabled'
  return tenant.deletedItems().some((one) => one.properties.displayName === name) ? 'deleted' : 'absent'
}

const becomes = (name: string, wanted: string) =>
  vi.waitFor(() => expect(`${name} ${state(name)}`).toBe(`${name} ${wanted}`), { timeout: 20_000, interval: 50 })

/** Long enough that what should not happen would have. */
async function stays(name: string, wanted: string): Promise<void> {
  const probe = hire('Insiders', { department: 'Probe' })
  await becomes(probe, 'enabled')
  expect(`${name} ${state(name)}`).toBe(`${name} ${wanted}`)
}

beforeAll(async () => {
  data = mkdtempSync(join(tmpdir(), 'canopy-scope-'))
  canopy = await startStandalone({ data, population: { users: 2, groups: 1, contacts: 0 } })
  forest = canopy.lab!.forests[0]!.directory
  tenant = canopy.lab!.cloud.directory
  for (const name of ['Insiders', 'Outsiders', 'Circles'])
    forest.add(ou(name), { objectClass: ['top', 'organizationalUnit'] })
  forest.add(`OU=Inner,${ou('Outsiders')}`, { objectClass: ['top', 'organizationalUnit'] })
  for (const name of ['Pilot', 'Team', 'Banned']) team(name)
}, 60_000)

afterAll(async () => {
  await canopy.close()
  rmSync(data, { recursive: true, force: true })
})

const anyOf = (...entries: string[]) => `include: { anyOf: [{ ou: "${ou('Insiders')}" }, ${entries.join(', ')}] }`

describe('scope', () => {
  it('by OU: moved out is disabled, moved in again is enabled; the OU may be renamed, moved and nested', async () => {
    await apply(`include: { anyOf: [{ ou: "${ou('Insiders')}" }] }, onLeave: { ${inDays} }`)
    const ada = hire('Insiders')
    const eve = hire('Outsiders')
    await becomes(ada, 'enabled')
    await stays(eve, 'absent')
    forest.move(`CN=${ada},${ou('Insiders')}`, ou('Outsiders'))
    await becomes(ada, 'disabled')
    forest.move(`CN=${ada},${ou('Outsiders')}`, ou('Insiders'))
    await becomes(ada, 'enabled')
    forest.rename(ou('Insiders'), 'OU=Employees', ou('Outsiders'))
    const bob = `CN=${hire('Outsiders')},${ou('Outsiders')}`
    forest.move(bob, `OU=Employees,${ou('Outsiders')}`)
    await becomes(bob.slice(3).split(',')[0]!, 'enabled')
    expect(state(ada)).toBe('enabled')
    forest.rename(`OU=Employees,${ou('Outsiders')}`, 'OU=Insiders', forest.baseDn)
    await stays(ada, 'enabled')
    forest.move(`CN=${eve},${ou('Outsiders')}`, ou('Insiders'))
    await becomes(eve, 'enabled')
  }, 90_000)

  it('by group, nested, which may be renamed; and by an excluded group', async () => {
    await apply(
      `${anyOf(`{ group: "${cn('Pilot')}" }`)}, exclude: [{ group: "${cn('Banned')}" }], onLeave: { ${inDays} }`,
    )
    const ada = hire('Outsiders')
    await stays(ada, 'absent')
    forest.addMember(cn('Team'), `CN=${ada},${ou('Outsiders')}`)
    forest.addMember(cn('Pilot'), cn('Team'))
    await becomes(ada, 'enabled')
    forest.rename(cn('Pilot'), 'CN=Vanguard')
    forest.removeMember(cn('Vanguard'), cn('Team'))
    await becomes(ada, 'disabled')
    forest.addMember(cn('Vanguard'), `CN=${ada},${ou('Outsiders')}`)
    await becomes(ada, 'enabled')
    forest.addMember(cn('Banned'), `CN=${ada},${ou('Outsiders')}`)
    await becomes(ada, 'disabled')
    forest.removeMember(cn('Banned'), `CN=${ada},${ou('Outsiders')}`)
    await becomes(ada, 'enabled')
    forest.rename(cn('Vanguard'), 'CN=Pilot')
  }, 90_000)

  it('by clause, also of an attribute that is absent; and disabled accounts are not created', async () => {
    const entries = ['{ attribute: department, notEquals: Contractors }']
    await apply(`include: { anyOf: [${entries.join(', ')}] }, exclude: [{ attribute: title, startsWith: Temp }]`)
    const ada = hire('Outsiders', { department: 'Contractors' })
    const eve = hire('Outsiders')
    const bob = hire('Outsiders', { userAccountControl: '514' })
    await becomes(eve, 'enabled')
    await stays(ada, 'absent')
    expect(state(bob)).toBe('absent')
    forest.modify(`CN=${ada},${ou('Outsiders')}`, { department: 'Sales' })
    forest.modify(`CN=${eve},${ou('Outsiders')}`, { title: 'Temporary' })
    forest.setEnabled(`CN=${bob},${ou('Outsiders')}`, true)
    await becomes(ada, 'enabled')
    await becomes(eve, 'disabled')
    await becomes(bob, 'enabled')
    forest.setEnabled(`CN=${bob},${ou('Outsiders')}`, false)
    await becomes(bob, 'disabled')
  }, 90_000)

  it('left is deleted after its delay, unless they came back before; or kept', async () => {
    await apply(`include: { anyOf: [{ ou: "${ou('Insiders')}" }] }, onLeave: { deleteAfter: 3s }`)
    const [ada, eve] = [hire('Insiders'), hire('Insiders')]
    await becomes(ada, 'enabled')
    await becomes(eve, 'enabled')
    forest.move(`CN=${ada},${ou('Insiders')}`, ou('Outsiders'))
    forest.move(`CN=${eve},${ou('Insiders')}`, ou('Outsiders'))
    await becomes(eve, 'disabled')
    forest.move(`CN=${eve},${ou('Outsiders')}`, ou('Insiders'))
    await becomes(ada, 'deleted')
    await becomes(eve, 'enabled')
    forest.move(`CN=${ada},${ou('Outsiders')}`, ou('Insiders'))
    await becomes(ada, 'enabled')
    await apply(`include: { anyOf: [{ ou: "${ou('Insiders')}" }] }, onLeave: { then: keep }`)
    forest.move(`CN=${ada},${ou('Insiders')}`, ou('Outsiders'))
    await stays(ada, 'enabled')
  }, 90_000)

  it('of a newer configuration brings people in and out', async () => {
    const ada = hire('Outsiders', { department: 'Research' })
    await apply(`${anyOf('{ attribute: department, equals: Research }')}, onLeave: { ${inDays} }`)
    await becomes(ada, 'enabled')
    await apply(`${anyOf('{ attribute: department, equals: Nothing }')}, onLeave: { ${inDays} }`)
    await becomes(ada, 'disabled')
    await apply(`${anyOf('{ attribute: department, equals: Research }')}, onLeave: { ${inDays} }`)
    await becomes(ada, 'enabled')
  }, 90_000)

  it('keeps system objects, conflict objects and privileged accounts out', async () => {
    await apply(`onLeave: { ${inDays} }`)
    const admin = hire('Insiders', { adminCount: '1' })
    const optedOut = hire('Insiders', { adminDescription: 'User_kept by another tool' })
    const ada = hire('Insiders')
    await becomes(ada, 'enabled')
    await stays(admin, 'absent')
    expect(state(optedOut)).toBe('absent')
    forest.modify(`CN=${ada},${ou('Insiders')}`, { adminCount: '1' })
    await becomes(ada, 'disabled')
  }, 90_000)
})
