/** What transform offers to whoever composes a process of it. */
export { Config as TransformConfig } from './config.ts'
export { type Compiled, compile, functionNames, type Read } from './core/expression/compile.ts'
export { ExpressionProblem } from './core/expression/problem.ts'
export { toTexts, type Value } from './core/expression/value.ts'
export { transform } from './service.ts'
