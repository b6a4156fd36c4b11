/** From the text of a configuration to what the services act on, or to its problems. Pure: nothing is stored. */
import { type ConfigProblem, nearest, parseConfigDocument, pathText, validateConfig } from '@canopy/chassis'
import type { configuration, control } from '@canopy/proto'
import { compile } from './core/compile.ts'
import { compileTests } from './core/compile-mappings.ts'
import { clausePaths } from './core/compile-scope.ts'
import { review } from './core/review.ts'
import type { Finding } from './ports.ts'
import { SourceSchema } from './source.ts'

export interface CompiledConfiguration {
  /** Undefined when a problem is more than a warning. `version` 0 and no applier: the store gives those. */
  readonly configuration: configuration.Configuration | undefined
  readonly problems: readonly ConfigProblem[]
  /** The examples it carries. */
  readonly tests: readonly control.MappingTest[]
  /** Where the clauses of its scopes stand; none of a forest without a scope. */
  readonly clausePlaces: readonly control.ClausePlaces[]
}

/** Never throws, whatever it is given. */
export function compileConfiguration(source: string): CompiledConfiguration {
  const document = parseConfigDocument(source)
  const validated = validateConfig({ schema: SourceSchema, document })
  if (!validated.ok) return { ...nothing, problems: validated.problems }
  const problems = review(validated.value).map(
    (finding): ConfigProblem => ({
      code: finding.code,
      path: pathText(finding.path),
      ...document.place(finding.path),
      message: finding.message,
      mend: meant(finding) ?? finding.mend,
      warning: finding.warning,
    }),
  )
  const refused = problems.some((problem) => !problem.warning)
  const sorted = problems.toSorted((a, b) => a.line - b.line || a.column - b.column)
  if (refused) return { ...nothing, problems: sorted }
  return {
    configuration: { ...compile(validated.value), source },
    problems: sorted,
    tests: compileTests(validated.value),
    clausePlaces: clausePaths(validated.value).map(({ forest, include, exclude }) => ({
      forest,
      include: include.map(pathText),
      exclude: exclude.map(pathText),
    })),
  }
}

const nothing = { configuration: undefined, tests: [], clausePlaces: [] }

function meant({ unknown }: Finding): string | undefined {
  const word = unknown === undefined ? undefined : nearest(unknown.word, unknown.known)
  return word === undefined ? undefined : `did you mean ${word}?`
}
