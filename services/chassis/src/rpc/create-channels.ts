/** Clients of the other services, one per service and kind, kept for the life of the process. */
import type { Client, ClientOptions } from '@grpc/grpc-js'
import { Failure } from '../failure.ts'
import type { Channels, ClientConstructor } from './channels.ts'
import { channelCredentials, type TlsFiles } from './credentials.ts'

export interface ChannelsOptions {
  /** Address of each service by name: host:port or unix:/path. */
  readonly peers: Readonly<Record<string, string>>
  readonly tls?: TlsFiles
  /** PEM of whom to believe, instead of `tls`: for a caller that has no certificate yet. */
  readonly authority?: string
}

/** A name behind DNS spreads over all its addresses; a broken connection is noticed within half a minute. */
const clientOptions: ClientOptions = {
  'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }),
  'grpc.keepalive_time_ms': 20_000,
  'grpc.keepalive_timeout_ms': 10_000,
  'grpc.initial_reconnect_backoff_ms': 200,
  'grpc.max_reconnect_backoff_ms': 5_000,
  'grpc.max_receive_message_length': 16 * 1024 * 1024,
}

/** Nothing connects before the first call. An unknown service is Failure CANOPY-RPC-0012. */
export function createChannels(options: ChannelsOptions): Channels {
  const clients = new Map<unknown, Map<string, Client>>()
  const kept = <C extends Client>(make: ClientConstructor<C>, key: string, connect: () => C): C => {
    const ofKind = clients.get(make) ?? new Map<string, Client>()
    clients.set(make, ofKind)
    const known = ofKind.get(key)
    if (known instanceof make) return known
    const made = connect()
    ofKind.set(key, made)
    return made
  }
  const connect = <C extends Client>(make: ClientConstructor<C>, address: string, tlsName?: string): C => {
    const dns = address.startsWith('unix:') || address.includes('://') ? address : `dns:///${address}`
    const named = tlsName === undefined ? {} : { 'grpc.ssl_target_name_override': tlsName }
    return new make(dns, channelCredentials(address, options.tls, options.authority), { ...clientOptions, ...named })
  }
  return {
    client: (service, make) =>
      kept(make, service, () => {
        const address = options.peers[service]
        if (address === undefined) throw unknownPeer(service)
        return connect(make, address)
      }),
    at: (address, make, tlsName) => kept(make, `at ${address} ${tlsName ?? ''}`, () => connect(make, address, tlsName)),
    close: () => {
      for (const ofKind of clients.values()) for (const client of ofKind.values()) client.close()
      clients.clear()
    },
  }
}

const unknownPeer = (service: string): Failure =>
  new Failure({
    kind: 'permanent',
    code: 'CANOPY-RPC-0012',
    message: `no address is known for the service ${service}`,
    at: `peers.${service}`,
    mend: `add its address: peers: { ${service}: host:port }`,
  })
