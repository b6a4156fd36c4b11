/** What resolve says happened. */
import { defineEvents } from '@canopy/chassis'
export const events = defineEvents('resolve', {
  batchTaken: {
    level: 'debug',
    message: 'batch taken',
    doc: 'Contributions or source edges were stored, and resolved where the barrier is open.',
    fields: { topic: 'label', records: 'sum', duration: 'histogram' },
    units: { records: '{record}', duration: 'ms' },
  },
  barrierOpened: {
    level: 'info',
    message: 'the barrier is open',
    doc: 'Every identity was decided and every edge derived; from now on changes are resolved as they come.',
    fields: { duration: 'histogram' },
    units: { duration: 'ms' },
  },
  rulesActive: {
    level: 'info',
    message: 'rules of a configuration version are used from now on',
    doc: 'All contributions were made under this version; identities are resolved again by its rules.',
    fields: { configuration: 'field', version: 'field' },
  },
})
//# sourceMappingURL=events.js.map
