/** The gateway of a running Canopy: found by its data folder, asked over HTTP. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fetch } from 'undici'
import type { Applied } from './pipeline.ts'

interface StatusBody {
  readonly state: string
  readonly forests: readonly { readonly reached: boolean }[]
}

export interface GatewayAddress {
  readonly url: string
  readonly token: string
}

export class Gateway {
  readonly #address: () => Promise<GatewayAddress>

  constructor(address: () => Promise<GatewayAddress>) {
    this.#address = address
  }

  async ask(method: 'GET' | 'POST', path: string, body?: unknown): Promise<unknown> {
    const { url, token } = await this.#address()
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
    return JSON.parse(text) as unknown
  }

  async equal(): Promise<boolean> {
    return ((await this.ask('GET', '/api/v1/status')) as StatusBody).state === 'inSync'
  }

  /** Epochs of the directory partitions: each is raised when its forest is read from the start. */
  async epochs(): Promise<bigint[]> {
    const status = (await this.ask('GET', '/api/v1/status')) as { forests: readonly { readings?: string }[] }
    return status.forests.map((forest) => BigInt(forest.readings ?? 0))
  }

  /** Every change from now on, as the provisioning log tells it. */
  follow(onChange: (applied: Applied) => void): { stop(): void } {
    const abort = new AbortController()
    const run = async (): Promise<void> => {
      const { url, token } = await this.#address()
      const answer = await fetch(`${url}/api/v1/log?follow=1&since=1s`, {
        headers: { authorization: `Bearer ${token}` },
        signal: abort.signal,
      })
      let rest = ''
      for await (const chunk of answer.body ?? []) {
        rest += Buffer.from(chunk as Uint8Array).toString()
        const lines = rest.split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) if (line.startsWith('data:')) parse(line.slice(5), onChange)
      }
    }
    run().catch((error: unknown) => {
      if (!abort.signal.aborted) console.error('the log ended', error)
    })
    return { stop: () => abort.abort() }
  }
}

/** What a standalone Canopy leaves in its data folder for others; waits until it is there. */
export const addressIn = (data: string) => async (): Promise<GatewayAddress> => {
  const file = join(data, 'console.json')
  for (let n = 0; n < 600 && !existsSync(file); n++) await sleep(100)
  return JSON.parse(readFileSync(file, 'utf8')) as GatewayAddress
}

function parse(text: string, onChange: (applied: Applied) => void): void {
  const { result } = JSON.parse(text) as { result?: { cloudId: string; display: string; action: string; at: string } }
  if (result)
    onChange({ cloudId: result.cloudId, display: result.display, action: result.action, atMs: Date.parse(result.at) })
}
