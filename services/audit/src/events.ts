/** What audit says about itself. */
import { defineEvents } from '@canopy/chassis'

export const events = defineEvents('audit', {
  entriesRecorded: {
    level: 'debug',
    message: 'entries recorded',
    doc: 'Results became entries of the provisioning log; less than were read when a batch is read again.',
    fields: { entries: 'sum', duration: 'histogram' },
    units: { entries: '{entry}', duration: 'ms' },
  },
  gapRecorded: {
    level: 'error',
    message: 'results were removed before they were read',
    doc: 'Retention of canopy.results removed records while audit did not run; the log holds a gap entry in their place.',
    fields: { chain: 'field', from: 'field', to: 'field' },
  },
  sealed: {
    level: 'debug',
    message: 'chains sealed',
    doc: 'One root over the heads of all chains was written.',
    fields: { entries: 'gauge' },
    units: { entries: '{entry}' },
  },
  chainBroken: {
    level: 'error',
    message: 'the provisioning log was changed after it was written',
    doc: 'A verification found an entry whose hash does not fit: somebody changed or removed rows of the store.',
    fields: { sequence: 'field' },
  },
})
