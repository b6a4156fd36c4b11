/** console: the gateway between people and the services. */
import { defineService, type ServiceDefinition } from '@canopy/chassis'
import { routes } from './api/routes.ts'
import { ConsoleConfig } from './config.ts'
import { events } from './events.ts'
import { checkAccess } from './http/access.ts'
import { type Gateway, startGateway } from './http/server.ts'
import type { ExtraRoute, Route } from './ports.ts'

export interface ConsoleOptions {
  /** Routes beside the gateway's own, behind the same token. */
  readonly extraRoutes?: readonly ExtraRoute[]
  /** Called with the address, its port known, once the gateway answers. */
  readonly onListening?: (url: string) => void
}

/** Keeps nothing; reaches the services over their RPCs. */
export const consoleService = (options: ConsoleOptions = {}): ServiceDefinition<typeof ConsoleConfig> =>
  defineService({
    name: 'console',
    config: ConsoleConfig,
    bus: false,
    compose: async ({ config, channels, now, signal }) => {
      let gateway: Gateway | undefined
      const all = [...routes, ...(options.extraRoutes ?? []).map(routeOf)]
      return [
        {
          name: 'gateway',
          start: async () => {
            await checkAccess(config)
            gateway = await startGateway({ config, routes: all, channels, now, signal })
            events.listening({ address: gateway.address })
            options.onListening?.(gateway.address.startsWith('unix:') ? gateway.address : `http://${gateway.address}`)
          },
          stop: async () => gateway?.close(),
        },
      ]
    },
  })

const routeOf = ({ method, path, handler }: ExtraRoute): Route => ({
  method,
  path,
  answer: ({ query, body }) => handler(query.entries(), body),
})
