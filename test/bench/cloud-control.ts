/** What the lab's tenant holds and was asked, through its control path. */
import { readFileSync } from 'node:fs'
import { Agent, fetch } from 'undici'
import type { Cloud } from './world.ts'

/** What this needs to know of a tenant. */
export type ControlledCloud = Pick<Cloud, 'graphUrl' | 'caFile' | 'controlToken'>

const agents = new Map<string, Agent>()

async function ask(cloud: ControlledCloud, path: string, body?: unknown): Promise<string> {
  const agent = agents.get(cloud.caFile) ?? new Agent({ connect: { ca: readFileSync(cloud.caFile) } })
  agents.set(cloud.caFile, agent)
  const answer = await fetch(`${new URL(cloud.graphUrl).origin}/lab/${path}`, {
    headers: { authorization: `Bearer ${cloud.controlToken}` },
    dispatcher: agent,
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`/lab/${path}: ${answer.status} ${text}`)
  return text
}

async function state(cloud: ControlledCloud, kind: string): Promise<Record<string, unknown>[]> {
  const text = await ask(cloud, `state?kind=${kind}`)
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

export async function counts(
  cloud: ControlledCloud,
): Promise<{ users: number; groups: number; contacts: number; memberships: number }> {
  const [users, groups, contacts, members] = await Promise.all(
    ['users', 'groups', 'contacts', 'members'].map((kind) => state(cloud, kind)),
  )
  return {
    users: users?.length ?? 0,
    groups: groups?.length ?? 0,
    contacts: contacts?.length ?? 0,
    memberships: members?.length ?? 0,
  }
}

export const dump = state

/** Directory changes that the tenant told applications succeeded. */
export const writes = async (cloud: ControlledCloud): Promise<number> =>
  (JSON.parse(await ask(cloud, 'requests')) as { writes: number }).writes

/** Answered requests by `METHOD status`, cmdlets as `Name 200`, sign-ins as `token status`. */
export const requests = async (cloud: ControlledCloud): Promise<Readonly<Record<string, number>>> =>
  (JSON.parse(await ask(cloud, 'requests')) as { requests: Record<string, number> }).requests

/** A person makes an object at the portal; answers with its id. */
export async function createAsPerson(
  cloud: ControlledCloud,
  kind: 'user' | 'group',
  body: Readonly<Record<string, unknown>>,
): Promise<string> {
  return (JSON.parse(await ask(cloud, 'person', { act: 'create', kind, body })) as { id: string }).id
}

/** A person adds a member to a group at the portal. */
export const addMemberAsPerson = async (cloud: ControlledCloud, group: string, member: string): Promise<void> => {
  await ask(cloud, 'person', { act: 'addMember', group, member })
}

/** See `Fault` of the lab's cloud. */
export const setFault = async (cloud: ControlledCloud, fault: Readonly<Record<string, unknown>>): Promise<void> => {
  await ask(cloud, 'faults', fault)
}
