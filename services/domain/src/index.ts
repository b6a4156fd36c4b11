export { sourceAnchor } from './anchor.ts'
export { type AttributeType, type CatalogueEntry, catalogued, cataloguedNames } from './attribute-catalogue.ts'
export { type AttributeSyntax, attributeSyntax, attributeText, base64FromBytes, isBooleanTarget } from './attributes.ts'
export { type BoundedPattern, boundedPattern } from './bounded-pattern.ts'
export { type ClaimedAttribute, claimingAttributes, claimOf, claimsOf, splitClaim } from './claim.ts'
export {
  canonicalDn,
  canonicalRdn,
  dnToDomain,
  domainToDn,
  escapeRdnValue,
  leafRdn,
  parentDn,
  parseDn,
  parseRdn,
  type Rdn,
  splitDn,
  unescapeRdnValue,
} from './dn.ts'
export { type Attempt, attempt, type Outcome, warningsOf } from './expression/attempt.ts'
export { type Compiled, type CompileOptions, compile, failureOf } from './expression/compile.ts'
export {
  type Dialect,
  type Effect,
  type ExpressionFunction,
  type Inputs,
  type Parameter,
  type StaticType,
  signature,
} from './expression/declare.ts'
export { ExpressionFailure } from './expression/failure.ts'
export { expressionFunctions, functionNames, refusedFunctions } from './expression/functions.ts'
export { nearestWord } from './expression/nearest.ts'
export { parse } from './expression/parse.ts'
export type { Read, Warning } from './expression/part.ts'
export { print } from './expression/print.ts'
export { ExpressionProblem } from './expression/problem.ts'
export type { Expression } from './expression/syntax.ts'
export { ignored, isEmpty, isTrue, toNumber, toText, toTexts, type Value } from './expression/value.ts'
export { dateFromFiletime, dateFromGeneralizedTime, filetimeFromDate } from './filetime.ts'
export { guidFromBytes, guidToBytes, isGuid, parseGuid } from './guid.ts'
export {
  type Action,
  type AttributeChange,
  type AttributeSet,
  type AttributeValues,
  type CloudPresence,
  delta,
  type Mode,
  modes,
  type PlannedDesire,
  plan,
} from './plan.ts'
export { decisionTiers, type PrecedenceOrder, precedenceOf } from './precedence.ts'
export {
  type AliasSources,
  mailAlias,
  type PrincipalName,
  principalName,
  type SuffixPolicy,
  type TenantDomains,
} from './principal-name.ts'
export { canonicalProxyAddresses, primarySmtp } from './proxy-addresses.ts'
export {
  isMailboxOfOthers,
  isMailEnabled,
  isMailGroup,
  type RecipientClass,
  type RecipientFacts,
  recipientClass,
} from './recipient.ts'
export { isSid, sidFromBytes, sidToBytes } from './sid.ts'
export {
  type Carrier,
  isDirectoryExtension,
  isExtensionAttribute,
  type OnTooLong,
  type TargetAttribute,
  type TargetKind,
  targetAttribute,
  targetAttributes,
  targetReferences,
} from './target-attributes.ts'
