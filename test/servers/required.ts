/** Runs a suite only where its real server can run: elsewhere it is skipped with the reason, and under CI it fails. */
import { describe, test } from 'vitest'

/** What every server in this folder offers beside its start function. */
export interface TestServer {
  readonly name: string
  /** Why it cannot run here, or `undefined` when it can. */
  available(): Promise<string | undefined>
}

/** `describe` that needs one server, or all of several. */
export function describeWith(servers: TestServer | readonly TestServer[], suite: () => void): void {
  const needed: readonly TestServer[] = 'available' in servers ? [servers] : servers
  // A real server on a busy machine may miss a deadline once; twice is a finding.
  const options = { retry: process.env.CI === 'true' ? 1 : 0 }
  describe(`with ${needed.map((server) => server.name).join(' and ')}`, options, async () => {
    const reason = await firstReason(needed)
    if (reason === undefined) suite()
    else if (process.env.CI === 'true') {
      test('the server is there', () => {
        throw new Error(reason)
      })
    } else test('the server is there', ({ skip }) => skip(reason))
  })
}

async function firstReason(servers: readonly TestServer[]): Promise<string | undefined> {
  for (const server of servers) {
    const reason = await server.available()
    if (reason !== undefined) return `${server.name}: ${reason}`
  }
  return undefined
}
