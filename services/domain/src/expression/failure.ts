/** Why an expression that is right gives no value for one object; the text holds no value of it, but what `Error` was given. */
export class ExpressionFailure extends Error {
  override readonly name = 'ExpressionFailure'
  /** Characters of the expression before what failed, once it is known. */
  position: number | undefined

  constructor(message: string) {
    super(message)
    this.position = undefined
  }
}

/** The same error, with its place unless a deeper one was named. What is no failure stays what it is. */
export function located(error: unknown, position: number): unknown {
  if (error instanceof ExpressionFailure) error.position ??= position
  return error
}
