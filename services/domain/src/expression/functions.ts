/** Every function of the expression language, by name and dialect. */
import { arity, type Dialect, type ExpressionFunction } from './declare.ts'
import { formFunctions } from './forms.ts'
import { byteFunctions } from './functions/bytes.ts'
import { certificateFunctions } from './functions/certificates.ts'
import { chanceFunctions } from './functions/chance.ts'
import { nameFunctions } from './functions/names.ts'
import { numberFunctions } from './functions/numbers.ts'
import { replaceFunctions } from './functions/replace.ts'
import { textFunctions } from './functions/text.ts'
import { timeFunctions } from './functions/times.ts'
import { valueFunctions } from './functions/values.ts'
import type { Expression } from './syntax.ts'

/** In alphabetical order; two of one name are of the two dialects. */
export const expressionFunctions: readonly ExpressionFunction[] = [
  ...formFunctions,
  ...textFunctions,
  ...replaceFunctions,
  ...valueFunctions,
  ...numberFunctions,
  ...timeFunctions,
  ...byteFunctions,
  ...certificateFunctions,
  ...nameFunctions,
  ...chanceFunctions,
].toSorted((a, b) => a.name.localeCompare(b.name))

const byName = Map.groupBy(expressionFunctions, ({ name }) => name)

/** Names a person may use. */
export const functionNames: readonly string[] = [...byName.keys()]

/** Functions Microsoft documents that do not exist here, and why. */
export const refusedFunctions: ReadonlyMap<string, string> = new Map([
  ...['AppRoleAssignments', 'AppRoleAssignmentsComplex', 'SingleAppRoleAssignment'].map((name): [string, string] => [
    name,
    'it reads roles of applications, which a forest does not have',
  ]),
  ...['CertFriendlyName', 'CertIssuerOid', 'CertNameInfo', 'CertPublicKeyParametersOid', 'CertSubjectNameOid'].map(
    (name): [string, string] => [name, 'what it gives depends on the certificate store of a Windows server'],
  ),
  ...['Thumbprint', 'CBin', 'Hex'].map((name): [string, string] => [
    name,
    'it makes device keys, which are not synchronized',
  ]),
])

/** The own dialect's, unless only the other's takes that many arguments. */
export function functionFor(
  name: string,
  args: readonly Expression[],
  dialect: Dialect,
): ExpressionFunction | undefined {
  const all = byName.get(name)
  if (!all || all.length === 1) return all?.[0]
  const own = all.find(({ only }) => only === dialect)
  const other = all.find(({ only }) => only !== dialect)
  if (!own || !other) return own ?? other
  if (name === 'Join' && dialect === 'provisioning' && isConnectJoin(args)) return other
  return !takes(own, args.length) && takes(other, args.length) ? other : own
}

const takes = (of: ExpressionFunction, count: number): boolean => {
  const { least, most } = arity(of)
  return count >= least && count <= most
}

/** `Join([proxyAddresses], ",")` would join one constant if the separator came first. */
const isConnectJoin = ([first, second, ...more]: readonly Expression[]): boolean =>
  first?.type === 'attribute' && second?.type === 'text' && more.length === 0
