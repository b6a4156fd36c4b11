/**
 * Memberships and links meet under one lock: whoever decides by a link that an edge waits holds it shared, whoever makes
 * links and wakes their edges holds it alone. Without it an edge and its last link, committed at the same moment, do not see
 * each other and the edge waits for ever. Taken first in a transaction, before any row.
 */
import type { Tx } from '@canopy/chassis'

const lock = `hashtext('canopy.write.links')`

export const readingLinks = (tx: Tx): Promise<unknown> => tx.query(`select pg_advisory_xact_lock_shared(${lock})`)

export const makingLinks = (tx: Tx): Promise<unknown> => tx.query(`select pg_advisory_xact_lock(${lock})`)
