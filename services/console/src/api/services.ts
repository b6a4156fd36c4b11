/** The services the gateway asks, and what it does about one that does not answer. */
import { classify } from '@canopy/chassis'

/** In the order of the pipeline. */
export const askedServices = ['capture', 'transform', 'resolve', 'write', 'audit', 'control'] as const
export type AskedService = (typeof askedServices)[number]

/** Why a service did not answer. */
export interface Unanswered {
  readonly code: string
  readonly message: string
  readonly mend: string | undefined
}

export type Answer<T> = { readonly ok: true; readonly value: T } | ({ readonly ok: false } & Unanswered)

/** For what is shown even when a part of it is missing. */
export async function attempt<T>(ask: () => Promise<T>): Promise<Answer<T>> {
  try {
    return { ok: true, value: await ask() }
  } catch (error) {
    const { code, message, mend } = classify(error)
    return { ok: false, code, message, mend }
  }
}

export const answered = <T>(answer: Answer<T>): T | undefined => (answer.ok ? answer.value : undefined)
