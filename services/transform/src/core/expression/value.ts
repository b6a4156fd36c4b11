/** Values of the expression language. */
export { isEmpty, isTrue, toNumber, toText, toTexts, type Value } from '@canopy/domain'
