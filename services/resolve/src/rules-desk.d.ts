/** Knows which rules are used: a newer version's once everything was evaluated under it. */
import type { Bus, Sql } from '@canopy/chassis'
import { type configuration } from '@canopy/proto'
import { type Rules } from './core/rules.ts'
export interface RulesDesk {
  rules(): Rules | undefined
  /** A version that was applied. The first is used at once. */
  offer(version: configuration.Configuration): Promise<void>
  /** Uses the offered version if it may be used by now, and asks for everything to be resolved again where that matters. */
  refresh(): Promise<void>
}
export declare function rulesDesk(of: { readonly sql: Sql; readonly bus: Bus }): RulesDesk
