/** Keeps the agent attached with a certificate of its own: enrols, attaches, renews in time, attaches anew. */
import { classify, createChannels, sleep } from '@canopy/chassis'
import { agent as proto } from '@canopy/proto'
import { stayAttached } from './adapters/hub.ts'
import {
  enrolAgain,
  ensureIdentity,
  freshToken,
  type Identity,
  type IdentityOptions,
  renewIdentity,
} from './adapters/identity.ts'
import { events } from './events.ts'
import type { HubListener } from './ports.ts'

export interface EnrolledOptions extends IdentityOptions {
  readonly listener: HubListener
  /** Told what it waits for. */
  readonly waiting: (message: string | undefined) => void
}

/** A token may be put there, or the hub come back, at any time. */
const retryMs = 5_000

/** Until the signal is aborted. */
export async function stayEnrolled(options: EnrolledOptions, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    let identity: Identity
    try {
      identity = await ensureIdentity(options)
    } catch (error) {
      const { code, message, mend } = classify(error)
      events.unenrolled({ code })
      options.waiting(`${code}  ${message}${mend === undefined ? '' : `; ${mend}`}`)
      await sleep(retryMs, signal).catch(() => undefined)
      continue
    }
    options.waiting(undefined)
    await attachWith(identity, options, signal)
  }
}

/** Ends when the certificate was renewed, or no longer counts: the next connection shows the new one. */
async function attachWith(identity: Identity, options: EnrolledOptions, signal: AbortSignal): Promise<void> {
  events.enrolled({ renewed: 0 })
  const channels = createChannels({ peers: { hub: identity.hub }, tls: identity.tls })
  const over = new AbortController()
  let refused: string | undefined
  const until = AbortSignal.any([signal, over.signal])
  const attached = stayAttached(channels.client('hub', proto.HubClient), options.listener, until)
  try {
    while (!until.aborted) {
      const token = await freshToken(options)
      if (token !== undefined && token !== refused) {
        const done = await enrolAgain(options).then(
          () => true,
          (error: unknown) => {
            events.unenrolled({ code: classify(error).code })
            if (classify(error).kind === 'permanent') refused = token
            return false
          },
        )
        if (done) return
      }
      const leftMs = identity.renewAtMs - options.now().getTime()
      if (leftMs > 0) {
        await sleep(Math.min(leftMs, retryMs), until).catch(() => undefined)
        continue
      }
      const renewed = await renewIdentity(options, channels).catch((error: unknown) => {
        events.unenrolled({ code: classify(error).code })
        return undefined
      })
      if (renewed) {
        events.enrolled({ renewed: 1 })
        return
      }
      // What has ended is not renewed: only a token helps.
      if (options.now().getTime() > identity.endsAtMs) return
      await sleep(Math.min(60_000, (identity.endsAtMs - identity.renewAtMs) / 20), until).catch(() => undefined)
    }
  } finally {
    over.abort()
    await attached
    channels.close()
  }
}
