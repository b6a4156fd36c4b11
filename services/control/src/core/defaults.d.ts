/**
 * The default mapping tables, pinned by date: what `extends: entra/defaults@2026-11` stands for.
 *
 * They follow the rules Microsoft's own engines ship (attribute for attribute, the same fall-backs), limited to what an
 * application may write through Microsoft Graph (users, groups) and Exchange Online (contacts). A table is never changed
 * after it shipped; a correction is a new date.
 */
import type { configuration } from '@canopy/proto';
type MappingRule = configuration.MappingRule;
type Kind = 'user' | 'group' | 'contact';
/** Every table that was ever shipped, by its pinned name. */
export declare const defaultTables: Readonly<Record<string, readonly MappingRule[]>>;
/** Attributes a rule may write, per kind: what the targets take. */
export declare const writableTargets: Readonly<Record<Kind, readonly string[]>>;
export {};
