/** What control says about itself. */
import { defineEvents } from '@canopy/chassis'

export const events = defineEvents('control', {
  applied: {
    level: 'info',
    message: 'configuration applied',
    doc: 'A new version of a configuration was stored and is published.',
    fields: { name: 'label', version: 'field', warnings: 'field' },
  },
  unchanged: {
    level: 'info',
    message: 'configuration unchanged',
    doc: 'The source given is that of the newest version: nothing was stored.',
    fields: { name: 'label' },
  },
  domainsChanged: {
    level: 'warn',
    message: 'the domains of a tenant changed',
    doc: 'A tenant verified or lost a domain. Names are mapped as before until the configuration is applied again: config diff shows what changes.',
    fields: { target: 'label' },
  },
  refused: {
    level: 'warn',
    message: 'configuration refused',
    doc: 'A source with problems was given to be applied: the active version stays.',
    fields: { problems: 'field', code: 'label' },
  },
})
