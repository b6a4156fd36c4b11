/** What is wrong with an expression, and where. */
export class ExpressionProblem extends Error {
  override readonly name = 'ExpressionProblem'
  /** Characters before the place, from 0. */
  readonly position: number

  constructor(message: string, position: number) {
    super(message)
    this.position = position
  }
}
