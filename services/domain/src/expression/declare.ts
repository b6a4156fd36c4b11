/** What a function of the expression language is, and how one is declared by its signature. */
import type { Value } from './value.ts'

/** `any` takes and gives whatever comes; a `list` has several texts. */
export type StaticType = 'text' | 'number' | 'boolean' | 'time' | 'binary' | 'list' | 'any'

export interface Parameter {
  readonly name: string
  readonly type: StaticType
  readonly optional: boolean
  /** May be left empty between its commas. */
  readonly omittable: boolean
  /** Any number of them, at least one unless it is optional. */
  readonly rest: boolean
}

/** Time, chance and what the target already holds are given, never found: the same inputs make the same value. */
export interface Inputs {
  /** The time of observation, in milliseconds since 1970. */
  readonly nowMs?: number
  /** From 0 to below 1. */
  readonly random?: () => number
  /** Whether another object of the target has the value. */
  readonly taken?: (value: string) => boolean
  /** The default domain of the tenant. */
  readonly defaultDomain?: string
}

export const noInputs: Inputs = {}

/** Which of Microsoft's two languages decides where both have a function of one name. */
export type Dialect = 'provisioning' | 'connect'

/** Inputs a function needs: such functions do not give the same value twice. */
export type Effect = 'time' | 'chance' | 'uniqueness'

/** Values of arguments that are written out; undefined for those that are computed. */
export type Written = readonly (string | number | boolean | undefined)[]

export interface ExpressionFunction {
  readonly name: string
  readonly parameters: readonly Parameter[]
  readonly returns: StaticType
  /** What it does, for people. */
  readonly says: string
  /** Where it comes from. */
  readonly from: Dialect | 'both'
  /** Set where the other dialect has another function of this name. */
  readonly only: Dialect | undefined
  readonly effect: Effect | undefined
  /** Undefined: it does not look at every argument, and is made in forms.ts. Throws ExpressionFailure. */
  readonly run: ((...args: Value[]) => Value) | undefined
  /** For what needs inputs. Throws ExpressionFailure. */
  readonly runWith: ((inputs: Inputs, ...args: Value[]) => Value) | undefined
  /** What is wrong with the arguments as written: which, and how. */
  readonly check: ((written: Written, count: number) => ArgumentProblem | undefined) | undefined
}

export interface ArgumentProblem {
  readonly argument: number
  readonly message: string
}

export interface Declaration {
  /** `Left(source: text, length: number): text`; `?` may be left out, `~` left empty between commas, `...` may come often. */
  readonly is: string
  readonly says: string
  readonly from?: Dialect | 'both'
  readonly only?: Dialect
  readonly effect?: Effect
  readonly run?: (...args: Value[]) => Value
  readonly runWith?: (inputs: Inputs, ...args: Value[]) => Value
  readonly check?: (written: Written, count: number) => ArgumentProblem | undefined
}

export function declare(of: Declaration): ExpressionFunction {
  const match = /^(\w+)\((.*)\): (\w+)$/.exec(of.is)
  if (!match) throw new Error(`no signature: ${of.is}`)
  const [, name = '', inside = '', returns = ''] = match
  return {
    name,
    parameters: inside === '' ? [] : inside.split(', ').map(parameter),
    returns: returns as StaticType,
    says: of.says,
    from: of.only ?? of.from ?? 'both',
    only: of.only,
    effect: of.effect,
    run: of.run,
    runWith: of.runWith,
    check: of.check,
  }
}

function parameter(text: string): Parameter {
  const [, rest, name = '', mark, type] = /^(\.\.\.)?(\w+)([?~]?): (\w+)$/.exec(text) ?? []
  return {
    name,
    type: type as StaticType,
    optional: mark === '?',
    omittable: mark !== '',
    rest: rest !== undefined,
  }
}

/** "Left(source, length)", what may be left out in brackets. */
export const signature = (of: ExpressionFunction): string =>
  `${of.name}(${of.parameters
    .map(({ name, optional, rest }) => (optional ? `[${name}]` : name) + (rest ? ', …' : ''))
    .join(', ')})`

/** Least and most arguments. */
export function arity({ parameters }: ExpressionFunction): { readonly least: number; readonly most: number } {
  const least = parameters.filter(({ optional }) => !optional).length
  return { least, most: parameters.some(({ rest }) => rest) ? maxArguments : parameters.length }
}

export const maxArguments = 400
