/** What transform says happened. */
import { defineEvents } from '@canopy/chassis'

export const events = defineEvents('transform', {
  batchMapped: {
    level: 'debug',
    message: 'batch mapped',
    doc: 'Objects were mapped; `published` of them said something new.',
    fields: { objects: 'sum', published: 'sum', duration: 'histogram' },
    units: { objects: '{object}', published: '{contribution}', duration: 'ms' },
  },
  configured: {
    level: 'info',
    message: 'configuration compiled',
    doc: 'A configuration version is used from now on.',
    fields: { configuration: 'field', version: 'field' },
  },
  ruleUnreadable: {
    level: 'error',
    message: 'a mapping rule cannot be read and is left out',
    doc: 'The expression of a rule is wrong; its attribute is not mapped.',
    fields: { rule: 'field', problem: 'field', position: 'field' },
  },
  reevaluated: {
    level: 'info',
    message: 'every object evaluated again',
    doc: 'All objects were evaluated under a configuration version, or after a scope was bound.',
    fields: { version: 'field', objects: 'sum', published: 'sum' },
    units: { objects: '{object}', published: '{contribution}' },
  },
  dueEvaluated: {
    level: 'info',
    message: 'objects evaluated at their time',
    doc: 'What is said of these objects changes by itself now: an account expired. `published` of them said something new.',
    fields: { objects: 'sum', published: 'sum' },
    units: { objects: '{object}', published: '{contribution}' },
  },
  versionPending: {
    level: 'warn',
    message: 'a configuration version is pending',
    doc: 'Its scope names a container or group that is not found; the version before it stays in use until it is.',
    fields: { version: 'field', forests: 'field' },
  },
  bindingFailed: {
    level: 'warn',
    message: 'capture could not be asked for the containers of a scope',
    doc: 'Objects whose scope depends on them stay undecided until it answers.',
    fields: { reason: 'field' },
  },
})
