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
  tokenCreated: {
    level: 'info',
    message: 'token for an agent made',
    doc: 'A token was made that enrols one agent once.',
    fields: { agent: 'field' },
  },
  certificateIssued: {
    level: 'info',
    message: 'certificate of an agent issued',
    doc: 'An agent enrolled with its token, or renewed its certificate (renewed = 1).',
    fields: { agent: 'field', renewed: 'field' },
  },
  agentRevoked: {
    level: 'warn',
    message: 'agent revoked',
    doc: 'Certificates and tokens of an agent are void; capture cuts it off within seconds.',
    fields: { agent: 'field', certificates: 'field' },
  },
})
