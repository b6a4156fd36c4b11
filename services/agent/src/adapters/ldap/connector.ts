/** Finds the servers of a domain, connects and binds to one. */
import { resolveSrv } from 'node:dns/promises'
import { readFile } from 'node:fs/promises'
import type { Failure } from '@canopy/chassis'
import { type Connector, LdapError, type Trouble } from '../../ports.ts'
import { LdapConnection } from './connection.ts'
import { bindRefused, connectFailure, notADirectory, refusalCodes, sessionFailure } from './failure.ts'
import { type OpenOptions, openTcp, parseServer, secure } from './socket.ts'

export interface LdapConnectorOptions {
  /** PEM files of the CAs to trust; read again at every connection, so that a renewed one needs no restart. */
  readonly trust: readonly string[]
  readonly allowPlainLoopback: boolean
  /** For each of connect, TLS and bind. Default 10,000. */
  readonly timeoutMs?: number
}

export function ldapConnector(options: LdapConnectorOptions): Connector {
  const timeoutMs = options.timeoutMs ?? 10_000
  return {
    servers: async ({ servers, domain }) => (servers.length > 0 ? servers : await domainControllers(domain)),
    explain: (server, error) => trouble(sessionFailure(server, error)),
    wrongDirectory: (server, domain) => trouble(notADirectory(server, `holds no naming context of ${domain}`)),
    connect: async ({ server, tlsServerName, credential, credentialName, signal }) => {
      const address = parseServer(server, options.allowPlainLoopback)
      const ca = await Promise.all(options.trust.map((file) => readFile(file, 'utf8')))
      const open: OpenOptions = { address, tls: { ca, serverName: tlsServerName }, timeoutMs, signal }
      const connection = await openConnection(open)
      try {
        await connection.bind(credential.username, credential.password, timeoutMs)
        return connection
      } catch (error) {
        connection.close()
        if (error instanceof LdapError && error.code === 49) throw bindRefused(address.host, credentialName, error)
        throw sessionFailure(address.text, error)
      }
    },
  }
}

const trouble = (failure: Failure): Trouble => ({
  code: failure.code,
  message: failure.message,
  mend: failure.mend ?? '',
  credentialRefused: refusalCodes.has(failure.code),
})

async function openConnection(open: OpenOptions): Promise<LdapConnection> {
  const socket = await openTcp(open)
  switch (open.address.scheme) {
    case 'ldaps':
      return new LdapConnection(await secure(socket, open), open.address.text)
    case 'plain':
      return new LdapConnection(socket, open.address.text)
    case 'starttls': {
      const connection = new LdapConnection(socket, open.address.text)
      try {
        await connection.startTls((plain) => secure(plain, open), open.timeoutMs)
        return connection
      } catch (error) {
        connection.close()
        socket.destroy()
        throw connectFailure(open.address.text, error)
      }
    }
  }
}

/** Domain controllers by DNS, best priority first. */
async function domainControllers(domain: string): Promise<string[]> {
  try {
    const records = await resolveSrv(`_ldap._tcp.dc._msdcs.${domain}`)
    return records
      .toSorted((a, b) => a.priority - b.priority || b.weight - a.weight || a.name.localeCompare(b.name))
      .map(({ name }) => `ldaps://${name}`)
  } catch (error) {
    throw connectFailure(`_ldap._tcp.dc._msdcs.${domain}`, error)
  }
}
