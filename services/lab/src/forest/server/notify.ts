/** Change notification (528): a search that stays open and tells of every change in its scope. */
import { BerWriter } from '../ber/writer.ts'
import type { Entry } from '../directory/entry.ts'
import { LdapFailure, resultCode } from '../directory/failure.ts'
import type { Controls } from './controls.ts'
import { type DnForm, writeEntry } from './entry-encoder.ts'
import type { SearchRequest } from './request.ts'
import { readSelection, type Selection } from './selection.ts'
import type { Session } from './session.ts'

export interface Watch {
  readonly base: Entry
  readonly scope: SearchRequest['scope']
  readonly selection: Selection
  readonly dnForm: DnForm
  readonly showDeleted: boolean
}

const watchesPerConnection = 5

export function openWatch(
  session: Session,
  id: number,
  o: { request: SearchRequest; base: Entry; controls: Controls },
): void {
  const { request, base, controls } = o
  const everything = request.filter.kind === 'present' && request.filter.name.toLowerCase() === 'objectclass'
  if (!everything || (request.scope === 'sub' && base.parent !== undefined)) {
    throw new LdapFailure(
      resultCode.unwillingToPerform,
      '00002120: SvcErr: DSID-03140507, problem 5003 (WILL_NOT_PERFORM), a notification takes (objectClass=*) only',
    )
  }
  if (session.watches.size >= watchesPerConnection) {
    throw new LdapFailure(resultCode.adminLimitExceeded, '00002121: SvcErr: DSID-0314050E, too many notifications')
  }
  const selection = readSelection(request.attributes, request.typesOnly)
  const showDeleted = controls.showDeleted && session.rights.seesDeleted
  session.watches.set(id, { base, scope: request.scope, selection, dnForm: controls.dnForm, showDeleted })
}

export function notifySession(session: Session, entry: Entry): void {
  const { store } = session.context.directory
  if (session.context.faults.hides(entry)) return
  for (const [messageId, watch] of session.watches) {
    if (!covers(watch, entry) || (entry.deleted && !watch.showDeleted)) continue
    const w = new BerWriter(4096)
    const { selection, dnForm } = watch
    const { withoutGuid } = session.context.faults
    writeEntry(w, { messageId, store, entry, selection, dnForm, withoutGuid })
    session.send(w.take())
  }
}

function covers(watch: Watch, entry: Entry): boolean {
  if (watch.scope === 'base') return entry === watch.base
  if (watch.scope === 'one') return entry.parent === watch.base
  for (let at: Entry | undefined = entry; at !== undefined; at = at.parent) if (at === watch.base) return true
  return false
}
