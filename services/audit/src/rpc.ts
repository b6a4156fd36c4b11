/** The Audit RPCs. */
import { type Context, unary } from '@canopy/chassis'
import { audit, topics } from '@canopy/proto'
import { queryEntries } from './adapters/query.sql.ts'
import { verifyLog } from './adapters/verify.sql.ts'
import { events } from './events.ts'
import { follow } from './follow.ts'
import type { Wake } from './wake.ts'

const defaultLimit = 100

export function addAuditRpc(context: Context<unknown>, wake: () => Wake | undefined): void {
  const { sql, bus, signal } = context
  const service: audit.AuditServer = {
    query: unary(async ({ object, since, limit, after }: audit.QueryRequest) => ({
      entries: await queryEntries(sql, { object, since, limit: limit || defaultLimit, after }),
    })),
    follow: follow({ sql, chains: bus.partitions(topics.results), wake, signal }),
    verify: unary(async (_: audit.VerifyRequest, call) => {
      const verdict = await verifyLog(sql, call.signal)
      if (!verdict.intact) events.chainBroken({ sequence: String(verdict.brokenAt) })
      return verdict
    }),
  }
  context.rpc.addService(audit.AuditService, service)
}
