/** Learns the authority of a hub that is met for the first time: the one whose fingerprint the token names, or none. */
import { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { connect, type DetailedPeerCertificate } from 'node:tls'
import { Failure } from '@canopy/chassis'

const timeoutMs = 10_000

/** PEM. Failure CANOPY-AGENT-0007: the hub shows another; -0008 (transient): it cannot be reached. */
export async function pinnedAuthority(hub: string, pin: string): Promise<string> {
  for (const certificate of await shownBy(hub)) {
    const found = new X509Certificate(certificate)
    if (found.fingerprint256.replaceAll(':', '').toLowerCase() === pin) return found.toString()
  }
  throw new Failure({
    kind: 'permanent',
    code: 'CANOPY-AGENT-0007',
    message: 'the hub does not show the authority that the token names',
    at: hub,
    mend: 'check the address, and that nothing in between decrypts the connection; nothing was sent',
  })
}

/** The chain, as shown: nothing is sent before it is known whose it is. */
function shownBy(hub: string): Promise<readonly Buffer[]> {
  const [, host = '', port = ''] = /^\[?([^\]]+?)\]?:(\d+)$/.exec(hub) ?? []
  return new Promise((resolve, reject) => {
    const fail = (cause: Error): void => {
      socket.destroy()
      reject(unreachable(hub, cause))
    }
    const socket = connect({
      host,
      port: Number(port),
      // Believed by its fingerprint alone, here; the connection that carries the token is verified in full.
      rejectUnauthorized: false,
      ALPNProtocols: ['h2'],
      ...(isIP(host) ? {} : { servername: host }),
    })
    socket.setTimeout(timeoutMs, () => fail(new Error('time-out')))
    socket.once('error', fail)
    socket.once('secureConnect', () => {
      const chain: Buffer[] = []
      let shown: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true)
      while (shown?.raw && chain.length < 10) {
        chain.push(shown.raw)
        shown = shown.issuerCertificate === shown ? undefined : shown.issuerCertificate
      }
      socket.destroy()
      resolve(chain)
    })
  })
}

const unreachable = (hub: string, cause: Error): Failure =>
  new Failure({
    kind: 'transient',
    code: 'CANOPY-AGENT-0008',
    message: `the hub cannot be reached (${cause.message})`,
    at: hub,
    mend: 'check name, port and firewall; the agent tries again',
    cause,
  })
