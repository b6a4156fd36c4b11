/** Every route of the gateway. */
import { version } from '@canopy/chassis'
import type { Route } from '../ports.ts'
import { createToken, listAgents, readNow, releaseMissing, retryCredential, revokeAgent } from './agents.ts'
import { check } from './check.ts'
import { apply, current, diff, importRules, validate } from './configuration.ts'
import { evaluate } from './expression.ts'
import { log, verifyLog } from './log.ts'
import { preview, test } from './map.ts'
import { conflicts, decideHeld, held, parked, reconcile, releaseParked, resnapshot } from './operations.ts'
import { countScope } from './scope.ts'
import { show } from './show.ts'
import { statusSnapshot } from './status.ts'

export const routes: readonly Route[] = [
  { method: 'GET', path: '/api/v1/version', answer: async () => ({ version }) },
  { method: 'GET', path: '/api/v1/status', answer: ({ channels, now }) => statusSnapshot(channels, now) },
  { method: 'GET', path: '/api/v1/log', stream: log },
  { method: 'GET', path: '/api/v1/log/verify', answer: verifyLog },
  { method: 'GET', path: '/api/v1/show', answer: show },
  { method: 'GET', path: '/api/v1/check', answer: check },
  { method: 'GET', path: '/api/v1/config', answer: current },
  { method: 'POST', path: '/api/v1/config/validate', answer: validate },
  { method: 'POST', path: '/api/v1/config/apply', answer: apply },
  { method: 'POST', path: '/api/v1/config/diff', answer: diff },
  { method: 'POST', path: '/api/v1/config/count', answer: countScope },
  { method: 'POST', path: '/api/v1/config/import', answer: importRules },
  { method: 'POST', path: '/api/v1/expression', answer: evaluate },
  { method: 'POST', path: '/api/v1/map/preview', answer: preview },
  { method: 'POST', path: '/api/v1/map/test', answer: test },
  { method: 'GET', path: '/api/v1/held', answer: held },
  { method: 'POST', path: '/api/v1/held/decide', answer: decideHeld },
  { method: 'GET', path: '/api/v1/parked', answer: parked },
  { method: 'POST', path: '/api/v1/parked/release', answer: releaseParked },
  { method: 'GET', path: '/api/v1/conflicts', answer: conflicts },
  { method: 'GET', path: '/api/v1/agents', answer: listAgents },
  { method: 'POST', path: '/api/v1/agents/token', answer: createToken },
  { method: 'POST', path: '/api/v1/agents/revoke', answer: revokeAgent },
  { method: 'POST', path: '/api/v1/agents/retry', answer: retryCredential },
  { method: 'POST', path: '/api/v1/read', answer: readNow },
  { method: 'POST', path: '/api/v1/forests/release', answer: releaseMissing },
  { method: 'POST', path: '/api/v1/resnapshot', answer: resnapshot },
  { method: 'POST', path: '/api/v1/reconcile', answer: reconcile },
]
