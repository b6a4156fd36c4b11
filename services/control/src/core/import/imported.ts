/** What the rules of another engine say, in one form for all engines, each with the line it stands in. */
import type { MappedClass } from '../../ports.ts'

export interface ImportedRule {
  readonly objectClass: MappedClass
  /** As the other engine names it. */
  readonly target: string
  readonly source:
    | { readonly is: 'attribute'; readonly name: string }
    | { readonly is: 'constant'; readonly value: string }
    | { readonly is: 'expression'; readonly text: string }
  readonly onCreate: boolean
  readonly defaultValue: string
  /** Objects are matched by it; lowest first. */
  readonly matchPriority: number | undefined
  /** Name of the rule it was in, where rules have names. */
  readonly from: string
  readonly line: number
}

export type ImportedScope =
  | { readonly is: 'ou' | 'group'; readonly dn: string; readonly line: number }
  | { readonly is: 'clause'; readonly clause: ImportedClause; readonly line: number }

/** Ready to be written into a scope. */
export type ImportedClause = Readonly<Record<string, string | true>>

export interface ImportFinding {
  readonly line: number
  readonly subject: string
  readonly message: string
  readonly mend: string
  /** False: it was carried over differently. */
  readonly lost: boolean
}

export interface Imported {
  /** Which engine's language its expressions are in. */
  readonly dialect: 'provisioning' | 'connect'
  readonly rules: readonly ImportedRule[]
  /** Any of these admits. */
  readonly include: readonly ImportedScope[]
  readonly exclude: readonly ImportedScope[]
  /** Classes that the other engine synchronizes at all. */
  readonly classes: ReadonlySet<MappedClass>
  readonly findings: readonly ImportFinding[]
}

const classes: Readonly<Record<string, MappedClass>> = {
  user: 'user',
  inetorgperson: 'inetOrgPerson',
  group: 'group',
  contact: 'contact',
  computer: 'device',
  device: 'device',
}

export const classOf = (name: string): MappedClass | undefined => classes[name.toLowerCase()]

export const finding = (line: number, subject: string, message: string, mend = ''): ImportFinding => ({
  line,
  subject,
  message,
  mend,
  lost: true,
})

export const remark = (line: number, subject: string, message: string, mend = ''): ImportFinding => ({
  ...finding(line, subject, message, mend),
  lost: false,
})
