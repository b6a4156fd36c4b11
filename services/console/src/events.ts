/** What the console says about itself. */
import { defineEvents } from '@canopy/chassis'

export const events = defineEvents('console', {
  listening: {
    level: 'info',
    message: 'the gateway listens',
    doc: 'The gateway answers the command line client on this address.',
    fields: { address: 'field' },
  },
  requestAnswered: {
    level: 'debug',
    message: 'request answered',
    doc: 'The gateway answered a request; `route` is its pattern, without what was asked for.',
    fields: { route: 'label', status: 'label', duration: 'histogram' },
    units: { duration: 'ms' },
  },
  requestRefused: {
    level: 'warn',
    message: 'request without a valid token refused',
    doc: 'Somebody asked the gateway without the token of token_file, or with another one.',
    fields: { address: 'field' },
  },
})
