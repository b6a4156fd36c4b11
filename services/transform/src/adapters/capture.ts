/** Asks capture which GUIDs the DNs of scopes have. */
import { type Channels, call } from '@canopy/chassis'
import { capture, type change } from '@canopy/proto'
import type { AskCapture } from './bindings.ts'

/** The object of a GUID as capture has it; undefined when it is no more. */
export type AskObject = (forest: string, guid: string) => Promise<change.DirectoryObject | undefined>

const deadlineMs = 2_000
/** Of a page of objects. */
const pageDeadlineMs = 20_000

/** One page of a forest, and where the next begins; undefined: this is the last. */
export type AskPage = (
  forest: string,
  after: string,
  signal: AbortSignal,
) => Promise<{ readonly objects: readonly change.DirectoryObject[]; readonly next: string | undefined }>

export function askCapture(channels: Channels): AskCapture & { readonly object: AskObject; readonly page: AskPage } {
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
    page: async (forest, after, signal) => {
      const asked = { forest, after, limit: 0 }
      const found = await call(client(), 'listObjects', asked, { deadlineMs: pageDeadlineMs, signal })
      return { objects: found.objects, next: found.next || undefined }
    },
    object: async (forest, guid) => {
      const { objects } = await call(client(), 'findObjects', { who: guid, forest, limit: 1 }, { deadlineMs })
      return objects.find((one) => one.guid === guid)
    },
  }
}
