/** Passwords of accounts, kept as salted digests. */
import { createHash, timingSafeEqual } from 'node:crypto'

export interface Secret {
  readonly salt: string
  readonly hash: string
}

export class Passwords {
  readonly #secrets = new Map<string, Secret>()

  set(guid: string, secret: Secret): void {
    this.#secrets.set(guid, { salt: secret.salt, hash: secret.hash })
  }

  check(guid: string, password: string): boolean {
    const secret = this.#secrets.get(guid)
    if (secret === undefined) return false
    return timingSafeEqual(Buffer.from(secret.hash), Buffer.from(passwordHash(secret.salt, password)))
  }

  load(secrets: Readonly<Record<string, Secret>>): void {
    for (const [guid, secret] of Object.entries(secrets)) this.#secrets.set(guid, secret)
  }

  get all(): Readonly<Record<string, Secret>> {
    return Object.fromEntries(this.#secrets)
  }
}

export function passwordHash(salt: string, password: string): string {
  return createHash('sha256').update(`${salt}:${password}`).digest('hex')
}
