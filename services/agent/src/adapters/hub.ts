/** The one outbound stream to the hub: attaches, keeps alive, attaches again after a break. */
import { classify, fromServiceError, sleep } from '@canopy/chassis'
import type { agent } from '@canopy/proto'
import { events } from '../events.ts'
import type { HubLink, HubListener } from '../ports.ts'

/** Without a word from the hub for this long the stream is taken for dead. */
const silenceMs = 6_000
const backOffMs = { first: 200, most: 10_000 } as const

/** Stays attached until the signal is aborted. */
export async function stayAttached(client: agent.HubClient, listener: HubListener, signal: AbortSignal): Promise<void> {
  let attempt = 0
  while (!signal.aborted) {
    const hello = await listener.hello()
    const { welcomed, error } = await attach(client, hello, listener, signal)
    listener.onDetached()
    if (signal.aborted) return
    attempt = welcomed ? 0 : attempt + 1
    events.detached({ code: codeOf(error) })
    const waitMs = Math.min(backOffMs.most, backOffMs.first * 2 ** attempt)
    await sleep(waitMs / 2 + (Math.random() * waitMs) / 2, signal).catch(() => undefined)
  }
}

/** Of a refusal by the hub its own code; else what broke. */
const codeOf = (error: unknown): string =>
  error instanceof Error && 'metadata' in error
    ? fromServiceError(error as Parameters<typeof fromServiceError>[0], 'attach').code
    : classify(error).code

interface Ended {
  readonly welcomed: boolean
  readonly error: unknown
}

function attach(
  client: agent.HubClient,
  hello: agent.Hello,
  listener: HubListener,
  signal: AbortSignal,
): Promise<Ended> {
  return new Promise((resolve) => {
    const stream = client.attach()
    let welcomed = false
    let over = false
    let heardMs = performance.now()
    let beat: NodeJS.Timeout | undefined
    const finish = (error: unknown): void => {
      if (over) return
      over = true
      clearInterval(beat)
      signal.removeEventListener('abort', onAbort)
      stream.cancel()
      resolve({ welcomed, error })
    }
    const onAbort = (): void => {
      stream.end()
      finish(signal.reason)
    }
    const link: HubLink = {
      send: async (body) => {
        if (over) return
        if (!stream.write({ body })) await new Promise<void>((drained) => onceDrained(stream, drained))
      },
    }
    stream.on('data', (message: agent.HubMessage) => {
      heardMs = performance.now()
      if (message.body?.$case === 'welcome') {
        welcomed = true
        events.attached({})
        const everyMs = message.body.value.heartbeatMs || 2_000
        clearInterval(beat)
        beat = setInterval(() => {
          if (performance.now() - heardMs > silenceMs) finish(new Error('the hub is silent'))
          else stream.write({ body: { $case: 'heartbeat', value: {} } })
        }, everyMs)
      }
      listener.onMessage(message, link)
    })
    stream.on('error', finish)
    stream.on('end', () => finish(new Error('the hub closed the stream')))
    signal.addEventListener('abort', onAbort)
    stream.write({ body: { $case: 'hello', value: hello } })
  })
}

/** Also when the stream ends while it is full: nobody must wait for ever. */
function onceDrained(stream: ReturnType<agent.HubClient['attach']>, done: () => void): void {
  const settle = (): void => {
    for (const event of ['drain', 'error', 'end', 'close']) stream.off(event, settle)
    done()
  }
  for (const event of ['drain', 'error', 'end', 'close']) stream.on(event, settle)
}
