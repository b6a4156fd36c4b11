/** Who calls, by the certificate the connection was made with. */
import type { ServerDuplexStream, ServerUnaryCall } from '@grpc/grpc-js'

/** Of a certificate that an authority of the listener signed; anything else is nobody. */
export interface PeerCertificate {
  readonly commonName: string
  readonly units: readonly string[]
  /** Hex, upper case. */
  readonly serial: string
  readonly notAfterMs: number
}

type Call = Pick<ServerUnaryCall<unknown, unknown> | ServerDuplexStream<unknown, unknown>, 'getAuthContext'>

/** Undefined without a certificate, with one that is not believed, and where there is no TLS. */
export function peerCertificate(call: Call): PeerCertificate | undefined {
  const shown = call.getAuthContext().sslPeerCertificate
  if (!shown) return undefined
  const commonName = shown.subject.CN
  if (typeof commonName !== 'string' || commonName === '') return undefined
  const units: string | string[] | undefined = shown.subject.OU
  const list = units === undefined ? [] : Array.isArray(units) ? units : [units]
  return { commonName, units: list, serial: shown.serialNumber.toUpperCase(), notAfterMs: Date.parse(shown.valid_to) }
}
