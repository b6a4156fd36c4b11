/** What happens in an agent, each declared once: log line, metric and reference. */
import { defineEvents } from '@canopy/chassis'

export const events = defineEvents('agent', {
  attached: { level: 'info', message: 'attached to the hub', doc: 'The stream to the hub is open.', fields: {} },
  detached: {
    level: 'warn',
    message: 'the stream to the hub ended; trying again',
    doc: 'The hub is away or refused the agent; reading pauses until it is back.',
    fields: { code: 'field' },
  },
  enrolled: {
    level: 'info',
    message: 'the agent has a certificate of the hub',
    doc: 'The certificate was got with a token, or found, or renewed; it renews itself before it ends.',
    fields: { renewed: 'field' },
  },
  unenrolled: {
    level: 'error',
    message: 'the agent has no certificate that counts; trying again',
    doc: 'Enrolment or renewal failed: the code says why.',
    fields: { code: 'field' },
  },
  assigned: {
    level: 'info',
    message: 'partition assigned',
    doc: 'The hub gave this agent a directory partition to read.',
    fields: { forest: 'label', domain: 'field', epoch: 'field' },
  },
  released: {
    level: 'info',
    message: 'partition released',
    doc: 'The hub took a directory partition back.',
    fields: { forest: 'label', domain: 'field' },
  },
  partitionState: {
    level: 'info',
    message: 'partition state changed',
    doc: 'A partition connects, reads, streams or waits; with the failure code it waits on.',
    fields: { forest: 'label', state: 'label', code: 'field', server: 'field' },
  },
  batchSent: {
    level: 'debug',
    message: 'batch sent',
    doc: 'Entries read from a directory and handed to the hub.',
    fields: { forest: 'label', entries: 'sum' },
    units: { entries: '{entry}' },
  },
})
