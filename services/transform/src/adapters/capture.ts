/** Asks capture which GUIDs the DNs of scopes have. */
import { type Channels, call } from '@canopy/chassis'
import { capture, type change } from '@canopy/proto'
import type { AskCapture } from './bindings.ts'

/** The object of a GUID as capture has it; undefined when it is no more. */
export type AskObject = (forest: string, guid: string) => Promise<change.DirectoryObject | undefined>

const deadlineMs = 2_000

export function askCapture(channels: Channels): AskCapture & { readonly object: AskObject } {
  const client = () => channels.client('capture', capture.CaptureClient)
  return {
    containers: async (forest, dns) => {
      const found = await call(client(), 'resolveContainers', { forest, dns: [...dns] }, { deadlineMs })
      return new Map(Object.entries(found.guids))
    },
    group: async (forest, dn) => {
      const { objects } = await call(client(), 'findObjects', { who: dn, forest, limit: 1 }, { deadlineMs })
      const [object] = objects
      return object && !object.gone && object.kind === 'group' ? object.guid : undefined
    },
    object: async (forest, guid) => {
      const { objects } = await call(client(), 'findObjects', { who: guid, forest, limit: 1 }, { deadlineMs })
      return objects.find((one) => one.guid === guid)
    },
  }
}
