/** Opens kafkajs clients the way Canopy needs them: logs at debug level, sockets that can be cut. */
import { createRequire } from 'node:module'
import { connect as connectTcp, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import { Kafka, type KafkaConfig, logLevel } from 'kafkajs'
import type { Log } from '../telemetry/log.ts'

export interface KafkaConnection {
  readonly brokers: readonly string[]
  readonly clientId: string
  /** TLS, with the system's authorities or with what is given. */
  readonly ssl?: boolean | ConnectionOptions
  readonly sasl?: {
    readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'
    readonly username: string
    readonly password: string
  }
  readonly log: Log
}

export interface CuttableClient {
  readonly client: Kafka
  /** Destroys every socket and opens no other: from now on nothing leaves this client. */
  cut(): void
}

/** Milliseconds to open a connection. */
export const connectTimeoutMs = 1_000

export function kafkaClient(connection: KafkaConnection, options: Partial<KafkaConfig> = {}): Kafka {
  return cuttableClient(connection, options).client
}

export function cuttableClient(connection: KafkaConnection, options: Partial<KafkaConfig> = {}): CuttableClient {
  correctTimers()
  const sockets = new Set<Socket>()
  let open = true
  const client = new Kafka({
    clientId: connection.clientId,
    brokers: [...connection.brokers],
    connectionTimeout: connectTimeoutMs,
    ssl: connection.ssl ?? false,
    sasl: saslOf(connection),
    logLevel: logLevel.INFO,
    logCreator: () => (entry) => {
      // Never the fields: they may hold group assignments, addresses and stacks.
      connection.log.debug({ kafkajs: entry.namespace }, `kafkajs: ${entry.log.message}`)
    },
    socketFactory: ({ host, port, ssl, onConnect }) => {
      if (!open) throw new Error('the deadline of this client has passed')
      const socket = ssl
        ? connectTls({ servername: host, ...ssl, host, port }, onConnect)
        : connectTcp({ host, port }, onConnect)
      socket.setKeepAlive(true, 60_000)
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
      return socket
    },
    ...options,
  })
  return {
    client,
    cut: () => {
      open = false
      for (const socket of sockets) socket.destroy(new Error('cut at the deadline'))
    },
  }
}

function saslOf({ sasl }: KafkaConnection): KafkaConfig['sasl'] {
  if (sasl === undefined) return undefined
  const { mechanism, username, password } = sasl
  switch (mechanism) {
    case 'plain':
      return { mechanism, username, password }
    case 'scram-sha-256':
      return { mechanism, username, password }
    case 'scram-sha-512':
      return { mechanism, username, password }
  }
}

interface RequestQueue {
  throttledUntil: number
  readonly pending: readonly unknown[]
  throttleCheckTimeoutId: NodeJS.Timeout | null
  checkPendingRequests(): void
  scheduleCheckPendingRequests(): void
}

let corrected = false

/**
 * kafkajs 2.2.4 sets a timer of minus the time of day after every answer, which Node 24 warns about each time. The same
 * method without it: a timer only where something waits.
 */
function correctTimers(): void {
  if (corrected) return
  corrected = true
  const queue = createRequire(import.meta.url)('kafkajs/src/network/requestQueue') as { prototype: RequestQueue }
  queue.prototype.scheduleCheckPendingRequests = function (this: RequestQueue): void {
    const throttledMs = this.throttledUntil - Date.now()
    if (this.throttleCheckTimeoutId !== null || (this.pending.length === 0 && throttledMs <= 0)) return
    this.throttleCheckTimeoutId = setTimeout(
      () => {
        this.throttleCheckTimeoutId = null
        this.checkPendingRequests()
      },
      throttledMs > 0 ? throttledMs : 10,
    )
  }
}
