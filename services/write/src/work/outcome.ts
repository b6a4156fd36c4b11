/** Everything one round changes, gathered in memory and recorded in one transaction. */
import type { Out, Tx } from '@canopy/chassis'
import { type result, topics } from '@canopy/proto'
import {
  addCounts,
  closeTickets,
  type EdgeOutcome,
  keepBeforeImages,
  type LinkChange,
  type ObjectOutcome,
  recordEdges,
  recordLinks,
  recordObjects,
  type TicketAnswer,
} from '../adapters/store/record.sql.ts'

export class RoundOutcome {
  readonly objects: ObjectOutcome[] = []
  readonly edges: EdgeOutcome[] = []
  readonly links: LinkChange[] = []
  /** Anchors whose memberships may have become possible. */
  readonly fresh: string[] = []
  readonly tickets: TicketAnswer[] = []
  readonly beforeImages: { anchor: string; attribute: string; values: readonly string[] }[] = []
  readonly results: { result: result.Result; traceparent: string | undefined }[] = []
  readonly counts: Record<string, number> = {}
  readonly guarded: Record<string, number> = {}

  count(name: string, by = 1): void {
    this.counts[name] = (this.counts[name] ?? 0) + by
  }

  async record(tx: Tx, out: Out, target: string): Promise<void> {
    if (this.links.length > 0) await recordLinks(tx, this.links)
    if (this.objects.length > 0) await recordObjects(tx, this.objects)
    if (this.edges.length > 0) await recordEdges(tx, this.edges)
    if (this.beforeImages.length > 0) await keepBeforeImages(tx, this.beforeImages)
    if (this.tickets.length > 0) await closeTickets(tx, this.tickets)
    if (Object.keys(this.counts).length > 0) await addCounts(tx, target, this.counts)
    for (const [name, count] of Object.entries(this.guarded)) {
      await tx.query('insert into guard_done (target, class, count) values ($1, $2, $3)', [target, name, count])
    }
    for (const { result: message, traceparent } of this.results) {
      out.put(topics.results, message.anchor, message, traceparent ? { traceparent } : undefined)
    }
  }
}
