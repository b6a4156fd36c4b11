import type { Intake } from './intake-contributions.ts'
/** Both ends are locked first, so that none comes alive or goes without the edge, or the other way round. */
export declare function takeEdges(intake: Intake): Promise<void>
