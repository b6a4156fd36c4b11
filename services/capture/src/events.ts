/** What happens in capture, each declared once: log line, metric and reference. */
import { defineEvents } from '@canopy/chassis'

export const events = defineEvents('capture', {
  agentAttached: {
    level: 'info',
    message: 'agent attached',
    doc: 'An agent opened its stream.',
    fields: { agent: 'field', version: 'field' },
  },
  agentDetached: {
    level: 'warn',
    message: 'agent detached',
    doc: "An agent's stream ended or fell silent; its partitions are free for the next one.",
    fields: { agent: 'field' },
  },
  partitionLeased: {
    level: 'info',
    message: 'partition leased to an agent',
    doc: 'An agent got a partition to read, under a new epoch.',
    fields: { forest: 'label', domain: 'field', agent: 'field', epoch: 'field' },
  },
  batchCommitted: {
    level: 'debug',
    message: 'batch committed',
    doc: 'Entries received from an agent and committed; changed: objects that got a new version.',
    fields: { forest: 'label', entries: 'sum', changed: 'sum', ms: 'histogram' },
    units: { entries: '{entry}', changed: '{object}', ms: 'ms' },
  },
  batchRefused: {
    level: 'warn',
    message: 'batch refused: not the next one of the lease',
    doc: 'A batch of an older lease or out of order; the assignment was sent again.',
    fields: { forest: 'label' },
  },
  batchFailed: {
    level: 'error',
    message: 'batch could not be committed',
    doc: 'The store refused a batch; tried again after a pause.',
    fields: { forest: 'label', code: 'field' },
  },
  objectsOversized: {
    level: 'warn',
    message: 'objects too large to travel were set aside',
    doc: 'Objects over 900 KB; their last published state stays.',
    fields: { forest: 'label', objects: 'sum' },
    units: { objects: '{object}' },
  },
  agentPortOpen: {
    level: 'info',
    message: 'the port for agents is open',
    doc: 'Agents may enrol with a token and attach with their certificate.',
    fields: { address: 'field' },
  },
  credentialRefused: {
    level: 'error',
    message: 'a directory refused a version of a credential; no agent tries it again',
    doc: 'A bind was refused: a new value is needed, or canopy agent retry once the account is mended.',
    fields: { code: 'label' },
  },
  blindReading: {
    level: 'info',
    message: 'a blind forest is enumerated',
    doc: 'The account does not see deletions: what is gone is found by reading everything, beside the stream.',
    fields: { forest: 'label', domain: 'field' },
  },
  missingReleased: {
    level: 'warn',
    message: 'what a complete reading missed was released by a person',
    doc: 'A person said that the objects are really gone: they are deleted, within the guards of the targets.',
    fields: { forest: 'label', objects: 'field', who: 'field', why: 'field' },
  },
  partitionHeld: {
    level: 'error',
    message: 'a complete reading missed too many objects; nothing was deleted',
    doc: 'The guard on absence held: check the rights of the account and read the forest again.',
    fields: { forest: 'label', domain: 'field' },
  },
})
