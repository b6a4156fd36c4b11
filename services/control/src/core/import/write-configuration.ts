/** Writes an imported mapping as a configuration of Canopy: YAML that validates, and writes nothing until it is changed. */
import { dnToDomain } from '@canopy/domain'
import type { Carried, CarriedRule } from './carry.ts'
import { importTable } from './carry.ts'
import type { Imported, ImportedScope } from './imported.ts'

/** JSON is YAML: texts are quoted where they must be. */
const plain = /^[A-Za-z][A-Za-z0-9_-]*$/
const words = new Set(['true', 'false', 'yes', 'no', 'on', 'off', 'null', 'y', 'n'])
const text = (value: string | true): string =>
  value === true ? 'true' : plain.test(value) && !words.has(value.toLowerCase()) ? value : JSON.stringify(value)

const flow = (of: CarriedRule): string =>
  `{ ${Object.entries(of)
    .map(([key, value]) => `${key}: ${text(value)}`)
    .join(', ')} }`

export function writeConfiguration(name: string, imported: Imported, carried: Carried): string {
  const domain = domainOf(imported) ?? 'example.com'
  const forest = domain.split('.')[0] ?? 'forest'
  const lines = [
    '# Imported. The forest, its credential and the tenant are to be filled in; nothing is written while the mode is observe.',
    'version: canopy/v1',
    `name: ${text(name)}`,
    '',
    'forests:',
    `  - name: ${text(forest)}`,
    '    domains:',
    `      - { name: ${text(domain)}, credential: ${text(`${forest}-reader`)} }`,
    ...scopeLines(forest, imported),
    '',
    'mappings:',
    `  extends: ${importTable}`,
    ...[...carried.classes].flatMap(([objectClass, rules]) => [
      `  ${objectClass}:`,
      ...rules.map((rule) => `    - ${flow(rule)}`),
    ]),
    '',
    'targets:',
    '  - name: entra',
    '    type: graph',
    '    mode: observe',
    '    tenant: 00000000-0000-0000-0000-000000000000',
    '    credential: entra-writer',
    ...matchLines(carried.matches),
  ]
  return `${lines.join('\n')}\n`
}

function scopeLines(forest: string, { include, exclude }: Imported): readonly string[] {
  if (include.length + exclude.length === 0) return []
  const entry = (one: ImportedScope): string => flow(one.is === 'clause' ? one.clause : { [one.is]: one.dn })
  return [
    '',
    'scope:',
    `  - forest: ${text(forest)}`,
    ...(include.length > 0 ? ['    include:', '      anyOf:', ...include.map((one) => `        - ${entry(one)}`)] : []),
    ...(exclude.length > 0 ? ['    exclude:', ...exclude.map((one) => `      - ${entry(one)}`)] : []),
  ]
}

/** The anchor always matches; what matched besides proposes. */
const matchLines = (matches: readonly string[]): readonly string[] =>
  matches.length === 0 ? [] : [`    adopt: { by: [sourceAnchor], propose: [${matches.map(text).join(', ')}] }`]

/** Of the first name in the scope. */
function domainOf({ include, exclude }: Imported): string | undefined {
  for (const one of [...include, ...exclude]) {
    if (one.is === 'clause') continue
    const at = one.dn.search(/(?<=^|,)\s*DC=/i)
    const domain = at < 0 ? undefined : dnToDomain(one.dn.slice(at))
    if (domain !== undefined && /^[a-z0-9][a-z0-9.-]{0,62}$/.test(domain)) return domain
  }
  return undefined
}
