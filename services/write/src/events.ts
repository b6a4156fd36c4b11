/** What write says about itself. */
import { defineEvents } from '@canopy/chassis'

export const events = defineEvents('write', {
  changeApplied: {
    level: 'debug',
    message: 'change applied in the cloud',
    doc: 'One desired change has arrived in the cloud; the histogram is the time since the agent saw it.',
    fields: { target: 'label', action: 'label', propagation: 'histogram' },
    units: { propagation: 'ms' },
  },
  changeRefused: {
    level: 'warn',
    message: 'change refused by the target',
    doc: 'The target will not do it until something changes; the object is listed with its reason.',
    fields: { target: 'label', action: 'label', code: 'label' },
  },
  operationsHeld: {
    level: 'warn',
    message: 'operations held by a guard',
    doc: 'A burst of effects that take something away waits for a person: canopy held list.',
    fields: { target: 'label', class: 'label', count: 'sum' },
    units: { count: '{operation}' },
  },
  convergence: {
    level: 'debug',
    message: 'share of cloud objects equal to their forest',
    doc: 'The objective: share of desired objects and memberships that the cloud equals now, and the age of the oldest difference.',
    fields: { target: 'label', share: 'gauge', oldest: 'gauge' },
    units: { share: '1', oldest: 's' },
  },
  barrierOpened: {
    level: 'info',
    message: 'first export begins: every forest was read completely',
    doc: 'All watermarks of the first reading have arrived; objects that were never exported may be created.',
    fields: { target: 'label' },
  },
  targetWaits: {
    level: 'error',
    message: 'target waits',
    doc: 'The target cannot be written until something outside changes: a credential, a certificate, its own recovery.',
    fields: { target: 'label', code: 'label' },
  },
})
