/**
 * DirSync (1.2.840.113556.1.4.841): what changed since a cookie.
 *
 * | cookie field | meaning |
 * |---|---|
 * | objects | entries whose last change is at or below it were sent in this cycle |
 * | properties | attributes and link values at or below it are known from earlier cycles |
 *
 * | vector | the same as `properties`, for each controller that made a change: what another controller reads |
 *
 * `properties` follows `objects` only when a cycle is complete: an entry that moved up in the order while pages
 * were fetched is then still sent whole. A cookie of another controller of the domain is read by its vector.
 */
import type { BerWriter } from '../ber/writer.ts'
import type { Entry } from '../directory/entry.ts'
import { LdapFailure, resultCode } from '../directory/failure.ts'
import { compileFilter, type Test } from '../directory/filter.ts'
import { type AttributeType, attribute, findAttribute } from '../directory/schema.ts'
import { controlOid, type DirSyncAsk } from './controls.ts'
import { type Cookie, newTo, readCookie, writeCookie } from './dir-sync-cookie.ts'
import {
  type DnForm,
  dnAwareValues,
  type EntryAnswer,
  writeEnds,
  writeEntryWith,
  writeValues,
} from './entry-encoder.ts'
import type { SearchRequest } from './request.ts'
import { answerTag, controlValue, writeResult } from './result.ts'
import { readSelection } from './selection.ts'
import type { Session } from './session.ts'

const objectSecurity = 0x1
const ancestorsFirst = 0x800
const incrementalValues = 0x80000000
/** The server's own bound on one answer. */
const maxAnswerBytes = 16 * 1024 * 1024

const name = attribute('name')
const parentGuid = attribute('parentGUID')
const objectGuid = attribute('objectGUID')
const instanceType = attribute('instanceType')
const isDeleted = attribute('isDeleted')
const lastKnownParent = attribute('lastKnownParent')
const computed = ['objectClass', 'objectCategory', 'objectSid', 'whenCreated', 'lastKnownParent'].map(attribute)

interface Sync {
  readonly session: Session
  readonly id: number
  readonly cookie: Cookie
  /** Whether the reader does not know yet what was written at this USN. */
  readonly isNew: (usn: number) => boolean
  readonly flags: number
  readonly dnForm: DnForm
  readonly selection: ReturnType<typeof readSelection>
  readonly test: Test
  readonly root: Entry
  /** Ancestors already sent in this answer. */
  readonly ahead: Set<Entry>
}

export interface DirSyncSearch {
  readonly request: SearchRequest
  readonly ask: DirSyncAsk
  readonly base: Entry
  readonly dnForm: DnForm
}

export async function answerDirSync(session: Session, id: number, o: DirSyncSearch): Promise<void> {
  const { directory, faults } = session.context
  const { store } = directory
  if (o.base.parent !== undefined || (!session.rights.replicate && (o.ask.flags & objectSecurity) === 0)) {
    throw new LdapFailure(
      resultCode.insufficientAccessRights,
      '00002105: LdapErr: DSID-0C0909C1, comment: Error processing control, data 0, v4563',
    )
  }
  const cookie = readCookie(o.ask.cookie, directory)
  const test = compileFilter(store, o.request.filter)
  const selection = readSelection(o.request.attributes, o.request.typesOnly)
  const sync: Sync = {
    session,
    id,
    cookie,
    isNew: newTo(cookie, store.origins),
    flags: o.ask.flags,
    dnForm: o.dnForm,
    selection,
    test,
    root: o.base,
    ahead: new Set(),
  }
  const end = store.usn
  const vectorAtEnd = new Map(store.origins.highest)
  const due = [...store.changedSince(cookie.objects)]
  const positions = due.map((entry) => entry.usnChanged)
  const budget = Math.min(o.ask.maxBytes > 0 ? o.ask.maxBytes : maxAnswerBytes, maxAnswerBytes)
  const { cutAfter, halfAfter } = faults.takeLimits()
  let bytes = 0
  let sent = 0
  let at = 0
  for (; at < due.length && bytes < budget; at++) {
    const entry = due[at]
    if (entry === undefined) continue
    if (sent === cutAfter) {
      await session.flush(true)
      session.destroy()
      return
    }
    if (sent === halfAfter) at = due.length
    else {
      const before = session.out.length
      if (send(sync, entry)) sent++
      bytes += session.out.length - before
    }
    if (session.flushDue) await session.flush()
    if (session.closed || session.abandoned.delete(id)) return
  }
  const more = at < due.length
  // A controller that went back in time tells nothing until its USNs are beyond what the cookie has seen.
  const reached = Math.max(end, cookie.objects)
  const next: Cookie = more
    ? { ...cookie, objects: positions[at - 1] ?? cookie.objects }
    : { objects: reached, properties: reached, vector: vectorAtEnd }
  const value = controlValue((w) => {
    w.integer(more ? 1 : 0)
    w.integer(0)
    w.octets(writeCookie(next, directory))
  })
  writeResult(session.out, {
    messageId: id,
    tag: answerTag.searchDone,
    code: 0,
    controls: [{ oid: controlOid.dirSync, value }],
  })
  await session.flush(true)
}

/** Writes one entry, its unsent ancestors first where that was asked; false when there was nothing to say. */
function send(sync: Sync, entry: Entry): boolean {
  const { store } = sync.session.context.directory
  if (sync.ahead.has(entry) || store.contextOf(entry)?.root !== sync.root) return false
  if (store.isHidden(entry) && !sync.session.rights.seesDeleted) return false
  if (sync.session.context.faults.hides(entry) || sync.test(entry) !== true) return false
  if ((sync.flags & ancestorsFirst) !== 0) {
    const parent = entry.parent
    if (parent !== undefined && parent.usnChanged > sync.cookie.objects && parent.usnChanged > entry.usnChanged) {
      if (send(sync, parent)) sync.ahead.add(parent)
    }
  }
  const { id: messageId, selection, dnForm } = sync
  const w = sync.session.out
  const start = w.length
  const { withoutGuid } = sync.session.context.faults
  const answer: EntryAnswer = { messageId, store, entry, selection, dnForm, withoutGuid }
  let told = 0
  writeEntryWith(w, answer, () => {
    told = writeChanges(w, answer, sync)
  })
  if (told > 0) return true
  w.rewind(start)
  return false
}

/** Writes what is new in an entry; returns how many attributes of substance that were. */
function writeChanges(w: BerWriter, answer: EntryAnswer, sync: Sync): number {
  const { entry, selection } = answer
  const isNew = (usn: number): boolean => sync.isNew(usn)
  const known = !isNew(entry.usnCreated)
  const wanted = (type: AttributeType): boolean => selection.all || selection.named.has(type)
  if (!answer.withoutGuid.has(entry)) writeValues(w, objectGuid, dnAwareValues(answer, objectGuid))
  writeValues(w, instanceType, dnAwareValues(answer, instanceType))
  let told = selection.named.has(objectGuid) && !known ? 1 : 0
  if (isNew(entry.usnOf(name))) {
    writeValues(w, name, dnAwareValues(answer, name))
    if (entry.parent !== undefined) writeValues(w, parentGuid, dnAwareValues(answer, parentGuid))
    if (known || wanted(name) || selection.named.has(parentGuid)) told++
  }
  const rdn = findAttribute(entry.rdnType)
  const plain = (type: AttributeType): void => {
    if (!(wanted(type) || type === isDeleted) || !isNew(entry.usnOf(type)) || type === rdn) return
    const values = dnAwareValues(
      type === lastKnownParent && answer.dnForm === 'plain' ? { ...answer, dnForm: 'text' } : answer,
      type,
    )
    if (values.length === 0) return
    writeValues(w, type, selection.typesOnly ? [] : values)
    told++
  }
  for (const type of computed) plain(type)
  for (const type of entry.shape.types) if (!type.local && !type.onRequest) plain(type)
  if (known) {
    for (const [type, usn] of entry.usns ?? []) {
      if (!isNew(usn) || type.link !== undefined || type.local || type === name) continue
      if (!(wanted(type) || type === isDeleted) || dnAwareValues(answer, type).length > 0) continue
      writeValues(w, type, [])
      told++
    }
  }
  for (const type of entry.links?.keys() ?? []) if (wanted(type)) told += writeLinkChanges(w, answer, { type, sync })
  return told
}

function writeLinkChanges(w: BerWriter, answer: EntryAnswer, o: { type: AttributeType; sync: Sync }): number {
  const { type, sync } = o
  const set = answer.entry.links?.get(type)
  if (set === undefined) return 0
  const added: Entry[] = []
  for (const [target, usn] of set.present) if (sync.isNew(usn)) added.push(target)
  const removed: Entry[] = []
  if (sync.cookie.vector.size > 0)
    for (const [target, usn] of set.removed ?? []) if (sync.isNew(usn)) removed.push(target)
  if (added.length + removed.length === 0) return 0
  if ((sync.flags & incrementalValues) === 0) {
    writeEnds(w, answer, { type, ends: set.present.keys() })
    return 1
  }
  if (removed.length > 0) writeEnds(w, answer, { type, label: `${type.name};range=0-0`, ends: removed })
  if (added.length > 0) writeEnds(w, answer, { type, label: `${type.name};range=1-1`, ends: added })
  return 1
}
