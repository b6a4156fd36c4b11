/** Follows canopy.config and knows the active configuration. */
import type { Bus, Consumer, StoredRecord } from '@canopy/chassis'
import { configuration, topics } from '@canopy/proto'

export interface Configurations {
  /** Called in order, one at a time, with each newer version of the active configuration. */
  follow(onVersion: (version: configuration.Configuration) => Promise<void>): Promise<Consumer>
}

/** The first configuration name is the active one. */
export const configurations = (bus: Bus): Configurations => ({
  follow: async (onVersion) => {
    let name: string | undefined
    let version = -1n
    const take = async (records: readonly StoredRecord[]): Promise<void> => {
      let newest: configuration.Configuration | undefined
      for (const { value } of records) {
        if (value === undefined || value.length === 0) continue
        const read = configuration.Configuration.decode(value)
        name ??= read.name
        if (read.name === name && read.version > version) {
          newest = read
          version = read.version
        }
      }
      if (newest) await onVersion(newest)
    }
    return bus.follow({ topic: topics.config, onRecords: take })
  },
})
