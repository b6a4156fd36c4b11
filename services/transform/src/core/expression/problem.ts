/** What is wrong with an expression, and where. */
export { ExpressionProblem } from '@canopy/domain'
