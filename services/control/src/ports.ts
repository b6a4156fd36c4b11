/** What control's core speaks about: the parsed source, findings in it, and where versions are kept. */
import type { configuration } from '@canopy/proto'
import type { MappedClass } from './core/classes.ts'
import type { MappingSource, MappingsSource } from './mapping-source.ts'
import type { Source } from './source.ts'

export type { MappedClass, MappingSource, MappingsSource, Source }
export type Path = readonly (string | number)[]

/** Something to say about one place of a source. */
export interface Finding {
  readonly code: string
  readonly path: Path
  readonly message: string
  readonly mend?: string
  /** A word that names nothing, and those that would: for "did you mean". */
  readonly unknown?: { readonly word: string; readonly known: readonly string[] }
  /** False: the configuration is refused. */
  readonly warning: boolean
}

export interface ConfigurationSummary {
  readonly name: string
  readonly version: bigint
  readonly appliedAt: Date
  readonly appliedBy: string
}

/** Domains that a tenant has verified: lower-case, sorted. */
export interface ObservedDomains {
  readonly verified: readonly string[]
  /** The one the tenant began with; empty when nobody said so. */
  readonly initial: string
}

/** Versions of configurations. The newest of the first name is the active one. */
export interface ConfigurationStore {
  /** `version` undefined: the newest. `name` undefined: the first name that was ever applied. */
  get(name: string | undefined, version: bigint | undefined): Promise<configuration.Configuration | undefined>
  /** Newest first; all names when undefined. */
  list(name: string | undefined): Promise<readonly ConfigurationSummary[]>
  /**
   * Stores and publishes a new version in one transaction, with the domains of its tenants as last observed; the stored
   * one, unchanged, when the source is identical and, with `takeDomains`, the domains are too.
   */
  apply(request: ApplyRequest): Promise<Applied>
  /** Remembers the domains of a target's tenant. */
  observeDomains(target: string, domains: ObservedDomains): Promise<{ readonly changed: boolean }>
  /** By target, as last observed. */
  observedDomains(): Promise<ReadonlyMap<string, ObservedDomains>>
  /** The active source once more, with the domains as observed: a new version where they differ. */
  takeDomains(who: string): Promise<void>
}

export interface ApplyRequest {
  readonly configuration: configuration.Configuration
  readonly who: string
  readonly takeDomains: boolean
}

export interface Applied {
  readonly configuration: configuration.Configuration
  readonly changed: boolean
}
