/** The hub as the arbiter over versions of credentials: it knows them by salted fingerprints alone. */
import type { agent } from '@canopy/proto'
import type { Arbiter, Verdict } from '../core/gate.ts'
import type { HubLink } from '../ports.ts'

/** The hub's silence is no permission: the version is asked for again. */
const answerMs = 5_000

export class HubArbiter implements Arbiter {
  private readonly link: HubLink
  private readonly waiting = new Map<string, (verdict: Verdict) => void>()
  private closed = false

  constructor(link: HubLink) {
    this.link = link
  }

  claim(version: string, credential: string): Promise<Verdict> {
    if (this.closed) return Promise.reject(new Error('the hub is away'))
    return new Promise((resolve) => {
      const timer = setTimeout(() => answer({ answer: 'wait' }), answerMs)
      const answer = (verdict: Verdict): void => {
        clearTimeout(timer)
        this.waiting.delete(version)
        resolve(verdict)
      }
      this.waiting.set(version, answer)
      void this.link.send({ $case: 'claim', value: { fingerprint: version, credential } })
    })
  }

  settle(version: string, outcome: Parameters<Arbiter['settle']>[1]): void {
    const told = typeof outcome === 'string' ? { code: '', message: '', mend: '' } : outcome
    const { code, message, mend } = told
    const value = { fingerprint: version, accepted: outcome === 'accepted', code, message, mend }
    void this.link.send({ $case: 'outcome', value })
  }

  onVerdict({ fingerprint, answer, code, message, mend }: agent.CredentialVerdict): void {
    const waiting = this.waiting.get(fingerprint)
    if (answer === 'ANSWER_GO') waiting?.({ answer: 'go' })
    else if (answer === 'ANSWER_REFUSED')
      waiting?.({ answer: 'refused', trouble: { code, message, mend, credentialRefused: true } })
    else waiting?.({ answer: 'wait' })
  }

  /** Whoever asks again is told that the hub is away. */
  close(): void {
    this.closed = true
    for (const answer of [...this.waiting.values()]) answer({ answer: 'wait' })
  }
}
