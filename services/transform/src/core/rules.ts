/** Mapping rules, compiled once per configuration version into closures. */
import { isBooleanTarget } from '@canopy/domain'
import type { configuration } from '@canopy/proto'
import { type Compiled, compile } from './expression/compile.ts'
import { ExpressionProblem } from './expression/problem.ts'
import { toTexts } from './expression/value.ts'

/** A rule that makes values. */
export interface ValueRule {
  readonly target: string
  /** "user.displayName". */
  readonly name: string
  readonly evaluate: Compiled['evaluate']
  readonly sources: string[]
  readonly onCreate: boolean
  readonly isBoolean: boolean
  /** Written on creation where the rule gives nothing. */
  readonly defaultValues: readonly string[]
  /** The target is left alone; only the default is written, on creation. */
  readonly isNone: boolean
}

/** A rule that carries a reference to another object of the forest. */
export interface ReferenceRule {
  readonly target: string
  /** Lower-case. */
  readonly source: string
}

export interface KindRules {
  readonly values: readonly ValueRule[]
  readonly references: readonly ReferenceRule[]
}

export interface RuleProblem {
  readonly rule: string
  readonly message: string
  readonly position: number
}

export const mappedKinds: readonly string[] = ['user', 'group', 'contact']

/** The last rule of a target counts. A rule that cannot be read is left out and told. */
export function compileRules(rules: readonly configuration.MappingRule[]): {
  readonly kinds: ReadonlyMap<string, KindRules>
  readonly problems: readonly RuleProblem[]
} {
  const problems: RuleProblem[] = []
  const kinds = new Map<string, KindRules>()
  for (const kind of mappedKinds) {
    const last = new Map<string, configuration.MappingRule>()
    for (const rule of rules) if (rule.kind === kind) last.set(rule.target, rule)
    if (!last.has('proxyAddresses')) last.set('proxyAddresses', keptAddresses(kind))
    const values: ValueRule[] = []
    const references: ReferenceRule[] = []
    for (const rule of last.values()) {
      if (rule.source?.$case === 'reference') {
        references.push({ target: rule.target, source: rule.source.value.toLowerCase() })
        continue
      }
      const compiled = compileRule(rule, problems)
      if (compiled) values.push(compiled)
    }
    kinds.set(kind, { values, references })
  }
  return { kinds, problems }
}

/** Addresses are kept as the source has them even where nothing maps them: claims are made of them. */
const keptAddresses = (kind: string): configuration.MappingRule => ({
  kind,
  target: 'proxyAddresses',
  source: { $case: 'direct', value: 'proxyAddresses' },
  onCreate: false,
  defaultValue: '',
})

function compileRule(rule: configuration.MappingRule, problems: RuleProblem[]): ValueRule | undefined {
  const name = `${rule.kind}.${rule.target}`
  try {
    const { evaluate, sources } = compileSource(rule)
    return {
      target: rule.target,
      name,
      evaluate,
      sources: [...sources],
      onCreate: rule.onCreate,
      isBoolean: isBooleanTarget(rule.target),
      defaultValues: rule.defaultValue === '' ? [] : [rule.defaultValue],
      isNone: rule.source?.$case === 'none',
    }
  } catch (error) {
    if (!(error instanceof ExpressionProblem)) throw error
    problems.push({ rule: name, message: error.message, position: error.position })
    return undefined
  }
}

function compileSource(rule: configuration.MappingRule): Compiled {
  const { source } = rule
  switch (source?.$case) {
    case 'direct': {
      const lower = source.value.toLowerCase()
      return { evaluate: (read) => read(lower), sources: [source.value] }
    }
    case 'constant': {
      const { value } = source
      return { evaluate: () => value, sources: [] }
    }
    case 'expression':
      return compile(source.value)
    case 'reference':
    case 'none':
    case undefined:
      return { evaluate: () => undefined, sources: [] }
    default:
      return source satisfies never
  }
}

/** Runs one rule: its values, or why there are none to speak of. */
export function runRule(rule: ValueRule, read: Parameters<Compiled['evaluate']>[0]): string[] {
  const texts = toTexts(rule.evaluate(read))
  return rule.isBoolean ? texts.map((text) => text.toLowerCase()) : [...texts]
}
