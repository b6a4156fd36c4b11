/** What is wrong with an expression, and where. */
export class ExpressionProblem extends Error {
  override readonly name = 'ExpressionProblem'
  /** Characters before the place, from 0. */
  readonly position: number
  /** The nearest thing that would be right. */
  readonly nearest: string | undefined

  constructor(message: string, position: number, nearest?: string) {
    super(message)
    this.position = position
    this.nearest = nearest
  }
}
