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

/** Versions of configurations. The newest of the first name is the active one. */
export interface ConfigurationStore {
  /** `version` undefined: the newest. `name` undefined: the first name that was ever applied. */
  get(name: string | undefined, version: bigint | undefined): Promise<configuration.Configuration | undefined>
  /** Newest first; all names when undefined. */
  list(name: string | undefined): Promise<readonly ConfigurationSummary[]>
  /** Stores and publishes a new version in one transaction; the stored one, unchanged, when the source is identical. */
  apply(request: {
    readonly configuration: configuration.Configuration
    readonly who: string
  }): Promise<{ readonly configuration: configuration.Configuration; readonly changed: boolean }>
}
