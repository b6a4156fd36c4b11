/** From a configured target to its directory: the one table of target types. */
import { readFileSync } from 'node:fs'
import { rootCertificates } from 'node:tls'
import { Failure } from '@canopy/chassis'
import type { configuration } from '@canopy/proto'
import type { CloudDirectory } from '../ports.ts'
import { readTargetCredential } from './credential.ts'
import { exchangeDirectory } from './exchange/exchange.ts'
import { graphDirectory } from './graph/graph.ts'
import { openHttp } from './graph/http.ts'
import type { SecretAttempts } from './graph/secret-attempts.ts'
import { clientCredentials } from './graph/token.ts'

interface Clouds {
  readonly graph: string
  readonly authority: string
  readonly exchange: string
}

/** National clouds (source: Graph deployment endpoints). */
const clouds: Readonly<Record<string, Clouds>> = {
  global: {
    graph: 'https://graph.microsoft.com',
    authority: 'https://login.microsoftonline.com',
    exchange: 'https://outlook.office365.com',
  },
  usgov: {
    graph: 'https://graph.microsoft.us',
    authority: 'https://login.microsoftonline.us',
    exchange: 'https://outlook.office365.us',
  },
  china: {
    graph: 'https://microsoftgraph.chinacloudapi.cn',
    authority: 'https://login.partner.microsoftonline.cn',
    exchange: 'https://partner.outlook.cn',
  },
}

export interface TargetSettings {
  readonly credentialsDir: string | undefined
  readonly trust: readonly string[]
  readonly attempts: SecretAttempts
}

export function openDirectory(target: configuration.Target, settings: TargetSettings): CloudDirectory {
  const cloud = clouds[target.cloud || 'global'] ?? clouds.global
  const tls = tlsOf(target, settings)
  const authority = new URL(target.authorityUrl || cloud?.authority || '').origin
  const credential = () => readTargetCredential(settings.credentialsDir, target.credential)
  const tokens = (resource: string) =>
    clientCredentials({
      http: openHttp(authority, { ...tls, connections: 1 }),
      tenant: target.tenant,
      scope: `${resource}/.default`,
      target: target.name,
      credentialName: target.credential,
      credential,
      attempts: settings.attempts,
      nowMs: () => performance.now(),
    })
  switch (target.type) {
    case 'graph': {
      const url = new URL(target.graphUrl || `${cloud?.graph}/v1.0`)
      return graphDirectory({
        target: target.name,
        http: openHttp(url.origin, tls),
        root: url.pathname.replace(/\/$/, ''),
        tokens: tokens(cloud?.graph ?? url.origin),
      })
    }
    case 'exchange': {
      const url = new URL(target.exchangeUrl || `${cloud?.exchange}/adminapi/beta/${target.tenant}`)
      return exchangeDirectory({
        target: target.name,
        http: openHttp(url.origin, { ...tls, connections: 3 }),
        root: url.pathname.replace(/\/$/, ''),
        tenant: target.tenant,
        tokens: tokens(cloud?.exchange ?? url.origin),
      })
    }
    default:
      throw new Failure({
        kind: 'permanent',
        code: 'CANOPY-WRITE-0002',
        message: `target ${target.name} has the type ${target.type}, which this version cannot write`,
        at: `targets.${target.name}.type`,
        mend: 'use graph or exchange',
      })
  }
}

function tlsOf(target: configuration.Target, settings: TargetSettings): { ca?: string; serverName?: string } {
  const own = settings.trust.map((file) => readFileSync(file, 'utf8'))
  return {
    ...(own.length > 0 ? { ca: [...own, ...rootCertificates].join('\n') } : {}),
    ...(target.tlsServerName ? { serverName: target.tlsServerName } : {}),
  }
}
