/** Mapping rules, compiled once per configuration version into closures. */
import {
  type Compiled,
  compile,
  ExpressionProblem,
  type Inputs,
  ignored,
  isBooleanTarget,
  type Read,
  toTexts,
} from '@canopy/domain'
import type { configuration, contribution } from '@canopy/proto'
import { type ComputedTarget, computedSources, computedTarget } from './computed.ts'
import { type Moves, movesOf } from './inputs.ts'

/** A rule that makes values. */
export interface ValueRule {
  readonly target: string
  /** "user.displayName". */
  readonly name: string
  readonly evaluate: Compiled['evaluate']
  /** Derived by Canopy instead of being evaluated. */
  readonly computed: ComputedTarget | undefined
  readonly sources: string[]
  readonly onCreate: boolean
  readonly isBoolean: boolean
  /** Written on creation where the rule gives nothing. */
  readonly defaultValues: readonly string[]
  /** The target is left alone; only the default is written, on creation. */
  readonly isNone: boolean
  readonly onTooLong: string
  /** It asks for time or chance. */
  readonly asksInputs: boolean
  /** When its Now() moves on. */
  readonly moves: Moves
  /** What it says where it gives nothing; undefined: the attribute is left alone. Shared by all objects and never changed. */
  readonly absent: Readonly<contribution.MappedValue> | undefined
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
  /** When any of them is another one although the object stays. */
  readonly moves: Moves
  /** What all rules say of an object without any attribute, by target: a copy of it is filled in for each object. */
  readonly absent: Readonly<Record<string, contribution.MappedValue>>
}

export interface RuleProblem {
  readonly rule: string
  readonly message: string
  readonly position: number
}

export const mappedKinds: readonly string[] = ['user', 'group', 'contact', 'device']

/** A class of users with rules of its own. */
const inetOrgPerson = 'inetOrgPerson'

export interface CompiledRules {
  /** By kind or class, behind "<forest>/" where a forest has rules of its own. */
  readonly kinds: ReadonlyMap<string, KindRules>
  /** A forest or a class has rules of its own. */
  readonly isSpecial: boolean
  readonly problems: readonly RuleProblem[]
}

/**
 * The last rule of a target counts, the more special one before the more general: a forest's before everybody's, a class's
 * before its kind's. A rule that cannot be read is left out and told.
 */
export function compileRules(rules: readonly configuration.MappingRule[]): CompiledRules {
  const problems: RuleProblem[] = []
  const compiled = new Map<configuration.MappingRule, ValueRule | undefined>()
  const once = (rule: configuration.MappingRule): ValueRule | undefined => {
    if (!compiled.has(rule)) compiled.set(rule, compileRule(rule, problems))
    return compiled.get(rule)
  }
  const kinds = new Map<string, KindRules>()
  const forests = [...new Set(['', ...rules.map((rule) => rule.forest)])]
  for (const forest of forests) {
    const here = rules.filter((rule) => rule.forest === '' || rule.forest === forest)
    const sorted = here.toSorted((a, b) => (a.forest === '' ? 0 : 1) - (b.forest === '' ? 0 : 1))
    const prefix = forest === '' ? '' : `${forest}/`
    for (const kind of mappedKinds) {
      kinds.set(
        prefix + kind,
        rulesFor(
          kind,
          sorted.filter((rule) => rule.kind === kind),
          once,
        ),
      )
    }
    const ofUsers = sorted.filter((rule) => rule.kind === 'user' || rule.kind === inetOrgPerson)
    if (ofUsers.some((rule) => rule.kind === inetOrgPerson)) {
      kinds.set(prefix + inetOrgPerson, rulesFor('user', special(ofUsers), once))
    }
  }
  return { kinds, isSpecial: kinds.size > mappedKinds.length, problems }
}

/** A forest's rule goes before everybody's, then a class's before its kind's. */
const special = (rules: readonly configuration.MappingRule[]): configuration.MappingRule[] =>
  rules.toSorted((a, b) => weight(a) - weight(b))

const weight = (rule: configuration.MappingRule): number =>
  (rule.forest === '' ? 0 : 2) + (rule.kind === inetOrgPerson ? 1 : 0)

function rulesFor(
  kind: string,
  rules: readonly configuration.MappingRule[],
  compile: (rule: configuration.MappingRule) => ValueRule | undefined,
): KindRules {
  const last = new Map<string, configuration.MappingRule>()
  for (const rule of rules) last.set(rule.target, rule)
  if (!last.has('proxyAddresses')) last.set('proxyAddresses', keptAddresses(kind))
  const values: ValueRule[] = []
  const references: ReferenceRule[] = []
  for (const rule of last.values()) {
    if (rule.source?.$case === 'reference') {
      references.push({ target: rule.target, source: rule.source.value.toLowerCase() })
      continue
    }
    const made = compile(rule)
    if (made) values.push(made)
  }
  const moves = [...new Set(values.flatMap((rule) => rule.moves))].toSorted((a, b) => a - b)
  const absent = Object.fromEntries(values.flatMap((rule) => (rule.absent ? [[rule.target, rule.absent]] : [])))
  return { values, references, moves, absent }
}

/** The rules of one object: those of its forest and class, else of everybody's. */
export function rulesOf(
  { kinds, isSpecial }: Pick<CompiledRules, 'kinds' | 'isSpecial'>,
  of: { readonly forest: string; readonly kind: string; readonly objectClasses: readonly string[] },
): KindRules | undefined {
  if (!isSpecial) return kinds.get(of.kind)
  const isClass = of.kind === 'user' && of.objectClasses.some((one) => one.toLowerCase() === 'inetorgperson')
  const forest = `${of.forest}/`
  const ofClass = isClass ? (kinds.get(forest + inetOrgPerson) ?? kinds.get(inetOrgPerson)) : undefined
  return ofClass ?? kinds.get(forest + of.kind) ?? kinds.get(of.kind)
}

/** Addresses are kept as the source has them even where nothing maps them: claims are made of them. */
const keptAddresses = (kind: string): configuration.MappingRule => ({
  kind,
  target: 'proxyAddresses',
  source: { $case: 'direct', value: 'proxyAddresses' },
  onCreate: false,
  defaultValue: '',
  forest: '',
  whenNull: '',
  onTooLong: '',
  reevaluate: '',
})

function compileRule(rule: configuration.MappingRule, problems: RuleProblem[]): ValueRule | undefined {
  const name = `${rule.kind}.${rule.target}`
  try {
    const { evaluate, sources, effects } = compileSource(rule)
    return {
      target: rule.target,
      name,
      evaluate,
      sources: [...sources],
      onCreate: rule.onCreate,
      isBoolean: isBooleanTarget(rule.target),
      defaultValues: rule.defaultValue === '' ? [] : [rule.defaultValue],
      isNone: rule.source?.$case === 'none',
      computed: rule.source?.$case === 'computed' ? computedTarget(rule.source.value) : undefined,
      onTooLong: rule.onTooLong,
      asksInputs: effects.size > 0,
      moves: movesOf(rule.reevaluate),
      absent: absentOf(rule, name),
    }
  } catch (error) {
    if (!(error instanceof ExpressionProblem)) throw error
    problems.push({ rule: name, message: error.message, position: error.position })
    return undefined
  }
}

type CompiledSource = Pick<Compiled, 'evaluate' | 'sources' | 'effects'>

const noEffects: Compiled['effects'] = new Set()

function compileSource(rule: configuration.MappingRule): CompiledSource {
  const { source } = rule
  switch (source?.$case) {
    case 'direct': {
      const lower = source.value.toLowerCase()
      return { evaluate: (read) => read(lower), sources: [source.value], effects: noEffects }
    }
    case 'constant': {
      const { value } = source
      return { evaluate: () => value, sources: [], effects: noEffects }
    }
    case 'expression':
      return compile(source.value)
    case 'computed':
      return { evaluate: () => undefined, sources: computedSources(source.value), effects: noEffects }
    case 'reference':
    case 'none':
    case undefined:
      return { evaluate: () => undefined, sources: [], effects: noEffects }
    default:
      return source satisfies never
  }
}

/** A default is written on creation, so it is no absence. */
function absentOf(rule: configuration.MappingRule, name: string): ValueRule['absent'] {
  if (rule.source?.$case === 'none' || rule.whenNull === 'leave' || rule.defaultValue !== '') return undefined
  return Object.freeze({
    values: [],
    rule: name,
    sources: [],
    onCreate: rule.onCreate,
    onTooLong: rule.onTooLong,
    basis: '',
  })
}

/** Runs one rule: its values; undefined where it leaves the attribute alone. */
export function runRule(rule: ValueRule, read: Read, inputs: Inputs | undefined): string[] | undefined {
  const value = rule.evaluate(read, inputs)
  if (value === ignored) return undefined
  if (value === undefined) return []
  if (typeof value === 'string' && value !== '' && !rule.isBoolean) return [value]
  const texts = toTexts(value)
  return rule.isBoolean ? texts.map((text) => text.toLowerCase()) : [...texts]
}
