/** What the lab's tenant holds and was asked, through its control path. */
import { readFileSync } from 'node:fs'
import { Agent, fetch } from 'undici'
import type { Cloud } from './world.ts'

const agents = new Map<string, Agent>()

async function ask(cloud: Cloud, path: string): Promise<string> {
  const agent = agents.get(cloud.caFile) ?? new Agent({ connect: { ca: readFileSync(cloud.caFile) } })
  agents.set(cloud.caFile, agent)
  const answer = await fetch(`${new URL(cloud.graphUrl).origin}/lab/${path}`, {
    headers: { authorization: `Bearer ${cloud.controlToken}` },
    dispatcher: agent,
  })
  return answer.text()
}

async function state(cloud: Cloud, kind: string): Promise<Record<string, unknown>[]> {
  const text = await ask(cloud, `state?kind=${kind}`)
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

export async function counts(
  cloud: Cloud,
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
export const writes = async (cloud: Cloud): Promise<number> =>
  (JSON.parse(await ask(cloud, 'requests')) as { writes: number }).writes
