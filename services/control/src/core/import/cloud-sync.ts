/** Reads the synchronization schema of a Cloud Sync job, as Microsoft Graph gives it. */
import type { MappedClass } from '../../ports.ts'
import {
  classOf,
  finding,
  type Imported,
  type ImportedRule,
  type ImportedScope,
  type ImportFinding,
  remark,
} from './imported.ts'
import type { Part } from './json.ts'

/** Undefined: the document is something else. */
export function readCloudSync(document: Part): Imported | undefined {
  const root = document.at('schema').isThere ? document.at('schema') : document
  const rules = root.at('synchronizationRules').list()
  if (rules.length === 0) return undefined
  const found: Found = { rules: [], include: [], exclude: [], findings: [] }
  const classes = new Set<MappedClass>()
  for (const rule of rules) {
    for (const dn of rule.at('containerFilter').at('includedContainers').list()) {
      found.include.push({ is: 'ou', dn: dn.text(), line: dn.line })
    }
    for (const dn of rule.at('groupFilter').at('includedGroups').list()) {
      found.include.push({ is: 'group', dn: dn.text(), line: dn.line })
    }
    for (const mapping of rule.at('objectMappings').list()) readObjects(mapping, classes, found)
  }
  return { dialect: 'provisioning', ...found, classes }
}

interface Found {
  readonly rules: ImportedRule[]
  readonly include: ImportedScope[]
  readonly exclude: ImportedScope[]
  readonly findings: ImportFinding[]
}

function readObjects(mapping: Part, classes: Set<MappedClass>, found: Found): void {
  const name = mapping.at('sourceObjectName').text()
  const objectClass = classOf(name)
  if (mapping.at('enabled').value === false) {
    found.findings.push(remark(mapping.line, name, 'this mapping is switched off: its objects are not mapped'))
    return
  }
  if (objectClass === undefined) {
    found.findings.push(finding(mapping.line, name, `objects of the class ${name} are not synchronized`))
    return
  }
  classes.add(objectClass)
  const flows = mapping.at('flowTypes').text()
  if (flows !== '' && !/^(?=.*Add)(?=.*Update)(?=.*Delete)/.test(flows)) {
    const mend = 'choose the mode of the target: createOnly, upsertOnly or sync'
    found.findings.push(finding(mapping.at('flowTypes').line, name, `the flow types ${flows} are not of a class`, mend))
  }
  readScope(mapping.at('scope'), name, found)
  for (const each of mapping.at('attributeMappings').list()) readAttribute(each, objectClass, found)
}

function readAttribute(mapping: Part, objectClass: MappedClass, found: Found): void {
  const target = mapping.at('targetAttributeName').text()
  const subject = `${objectClass}.${target}`
  const source = sourceOf(mapping.at('source'))
  if (source === undefined) {
    found.findings.push(finding(mapping.line, subject, 'it has no source'))
    return
  }
  const flowType = mapping.at('flowType').text()
  if (flowType === 'MultiValueAddOnly') {
    const message = 'values are only ever added there; here the mapping gives the whole set'
    found.findings.push(remark(mapping.at('flowType').line, subject, message))
  }
  const priority = Number(mapping.at('matchingPriority').text())
  found.rules.push({
    objectClass,
    target,
    source,
    onCreate: flowType === 'ObjectAddOnly',
    defaultValue: mapping.at('defaultValue').text(),
    matchPriority: priority > 0 ? priority : undefined,
    from: '',
    line: mapping.at('targetAttributeName').line,
  })
}

function sourceOf(source: Part): ImportedRule['source'] | undefined {
  const name = source.at('name').text()
  switch (source.at('type').text()) {
    case 'Attribute':
      return {
        is: 'attribute',
        name:
          name ||
          source
            .at('expression')
            .text()
            .replace(/^\[(.*)\]$/, '$1'),
      }
    case 'Constant':
      return { is: 'constant', value: (name || source.at('expression').text()).replace(/^"(.*)"$/, '$1') }
    case 'Function':
      return { is: 'expression', text: source.at('expression').text() || callText(source, 0) }
    default:
      return undefined
  }
}

const deepest = 32

/** The tree of a function where its text is missing. */
function callText(source: Part, depth: number): string {
  const name = source.at('name').text()
  if (depth > deepest) return ''
  switch (source.at('type').text()) {
    case 'Attribute':
      return `[${name}]`
    case 'Constant':
      return JSON.stringify(name)
    default: {
      const parameters = source.at('parameters').list()
      return `${name}(${parameters.map((each) => callText(each.at('value'), depth + 1)).join(', ')})`
    }
  }
}

type Clause = Readonly<Record<string, string | true>>

/** What must hold there, said as what keeps out here; undefined where that cannot be said. */
function negation(operator: string, attribute: string, value: string): Clause | undefined {
  switch (operator.replaceAll('_', ' ').toUpperCase()) {
    case 'EQUALS':
      return { attribute, notEquals: value }
    case 'NOT EQUALS':
      return { attribute, equals: value }
    case 'IS NULL':
      return { attribute, present: true }
    default:
      return undefined
  }
}

/**
 * The clauses of a filter must all hold, so what fails one is kept out. Filters are alternatives, and a scope here is one for
 * all classes: what would admit or keep out more than it did there is not carried.
 */
function readScope(scope: Part, subject: string, found: Found): void {
  const groups = scope.at('groups').list()
  if (groups.length > 1) {
    const message = `${groups.length} scoping filters of which one must hold`
    found.findings.push(finding(scope.at('groups').line, subject, message, 'write them as scope of the forest'))
  } else for (const clause of groups.flatMap((group) => group.at('clauses').list())) readClause(clause, subject, found)
  for (const kind of ['inputFilterGroups', 'categoryFilterGroups']) {
    if (scope.at(kind).list().length > 0) {
      found.findings.push(finding(scope.at(kind).line, subject, `${kind}: a filter whose leaving changes nothing`))
    }
  }
}

function readClause(clause: Part, subject: string, found: Found): void {
  const operator = clause.at('operatorName').text()
  const attribute = clause.at('sourceOperandName').text()
  const value = clause.at('targetOperand').at('values').list()[0]?.text() ?? ''
  const line = clause.at('operatorName').line
  const made = negation(operator, attribute, value)
  if (made === undefined) {
    found.findings.push(finding(line, subject, `the scoping clause ${attribute} ${operator}`, 'scope.exclude'))
    return
  }
  found.exclude.push({ is: 'clause', clause: made, line })
  if ('present' in made) return
  const message = `an object without ${attribute} was out of scope there and is in scope here`
  found.findings.push(remark(line, subject, message, `exclude: [{ attribute: ${attribute}, absent: true }]`))
}
