/** Reaches an agent through the process of capture that holds its stream. */

import { networkInterfaces } from 'node:os'
import { type Channels, call, Failure, type Sql, unary } from '@canopy/chassis'
import { type agent, capture } from '@canopy/proto'
import { holderOf } from './agents.sql.ts'
import type { PartitionName } from './readings.sql.ts'

export interface PeersOptions {
  readonly sql: Sql
  readonly channels: Channels
  readonly instance: string
  /** Name in the certificates of the other processes, where it is not their address. */
  readonly tlsName: string | undefined
}

export class Peers {
  private readonly options: PeersOptions

  constructor(options: PeersOptions) {
    this.options = options
  }

  /** Failure CANOPY-CAPTURE-0001 (transient) when no process holds an agent of the partition. */
  async command(of: PartitionName, body: agent.Command['body'], timeoutMs: number): Promise<agent.CommandResult> {
    const { sql, channels, instance, tlsName } = this.options
    const holder = await holderOf(sql, of)
    if (holder === undefined || holder.instance === instance || holder.address === '') throw unread(of)
    const client = channels.at(holder.address, capture.CapturePeerClient, tlsName)
    const { forest, domain } = of
    const asked = { forest, domain, command: { id: '', body } }
    const { result } = await call(client, 'forward', asked, { deadlineMs: timeoutMs })
    if (!result) throw unread(of)
    return result
  }
}

export interface LocalAgents {
  /** Failure CANOPY-CAPTURE-0001 when no agent of this very process reads it: it is not handed on a second time. */
  local(of: PartitionName, body: agent.Command['body']): Promise<agent.CommandResult>
}

export const peerHandlers = (hub: LocalAgents): capture.CapturePeerServer => ({
  forward: unary(async ({ forest, domain, command }: capture.ForwardRequest) => ({
    result: await hub.local({ forest, domain }, command?.body),
  })),
})

export const unread = ({ forest, domain }: PartitionName): Failure =>
  new Failure({
    kind: 'transient',
    code: 'CANOPY-CAPTURE-0001',
    message: `no agent reads ${forest}/${domain}`,
    mend: 'start an agent that has its credential',
  })

/** Where the other processes reach this one: of its addresses the first, a wildcard replaced by this machine's own. */
export function advertised(addresses: readonly string[]): string {
  const first = addresses.find((address) => !address.startsWith('unix:')) ?? addresses[0] ?? ''
  const port = /^(?:0\.0\.0\.0|\[::\]):(\d+)$/.exec(first)?.[1]
  if (port === undefined) return first
  for (const each of Object.values(networkInterfaces()).flat()) {
    if (each && !each.internal && each.family === 'IPv4') return `${each.address}:${port}`
  }
  return `127.0.0.1:${port}`
}
