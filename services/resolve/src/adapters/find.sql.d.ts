/** Questions by people: who is this, who is in conflict with whom. */
import type { Sql } from '@canopy/chassis'
import type { resolve } from '@canopy/proto'
/** Identities that an anchor, "<forest>/<guid>", GUID, DN, UPN, mail address or source anchor names. */
export declare function findIdentities(sql: Sql, who: string, limit: number): Promise<resolve.Identity[]>
/** The oldest values first, by name; both sides with the object that brings the value. */
export declare function listConflicts(sql: Sql, limit: number): Promise<resolve.ListConflictsResponse>
export declare function countConflicts(sql: Sql): Promise<number>
