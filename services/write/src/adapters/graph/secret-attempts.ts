/** One attempt per version of a secret, over all targets of this process that share it: lock-out protection of the tenant. */

/** Why a tenant refuses the secret itself, whatever it is asked for (RFC 6749 §5.2). */
const ofTheSecret = 'invalid_client'

export interface TokenAnswer {
  readonly access_token?: string
  readonly expires_in?: number
  readonly error?: string
  readonly error_description?: string
}

export class SecretAttempts {
  readonly #refused = new Map<string, TokenAnswer>()
  readonly #turns = new Map<string, Promise<unknown>>()

  /** `secret`: tenant and version. Attempts with one secret take turns; after a refusal the tenant is not asked again. */
  ask(secret: string, fetchToken: () => Promise<TokenAnswer>): Promise<TokenAnswer> {
    const mine = (this.#turns.get(secret) ?? Promise.resolve()).then(async () => {
      const refused = this.#refused.get(secret)
      if (refused) return refused
      const answer = await fetchToken()
      if (answer.error === ofTheSecret) this.#refused.set(secret, answer)
      return answer
    })
    const turn = mine.catch(() => undefined)
    this.#turns.set(secret, turn)
    void turn.then(() => {
      if (this.#turns.get(secret) === turn) this.#turns.delete(secret)
    })
    return mine
  }
}
