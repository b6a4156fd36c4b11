/** Names of instruments: `canopy.<service>.<event>[.<field>]`, in snake case. */

/** `batchCommitted` → `batch_committed`. */
export const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** The counter of an event itself, or the instrument of one of its numbers. */
export const metricName = (service: string, event: string, field?: string): string =>
  `canopy.${snake(service)}.${snake(event)}${field === undefined ? '' : `.${snake(field)}`}`
