/** The controls a search may carry, as bytes: values for requests, readers for responses. */
import { Ber, BerWriter, Control } from 'ldapts'
import type { SearchControl, SearchResult } from '../../ports.ts'
import { BerReader } from './ber.ts'
import type { ResponseControl } from './message.ts'
import { decodeSyncDone, syncOids } from './sync.ts'

const oids = {
  paged: '1.2.840.113556.1.4.319',
  dirsync: '1.2.840.113556.1.4.841',
  showDeleted: '1.2.840.113556.1.4.417',
  extendedDn: '1.2.840.113556.1.4.529',
  notify: '1.2.840.113556.1.4.528',
  sync: syncOids.request,
} as const satisfies Record<SearchControl['type'], string>

class EncodedControl extends Control {
  private readonly value: Buffer | undefined

  constructor(oid: string, value: Buffer | undefined) {
    super(oid, { critical: true })
    this.value = value
  }

  protected override writeControl(writer: BerWriter): void {
    if (this.value) writer.writeBuffer(this.value, Ber.OctetString)
  }
}

const sequence = (write: (writer: BerWriter) => void): Buffer => {
  const writer = new BerWriter()
  writer.startSequence()
  write(writer)
  writer.endSequence()
  return writer.buffer
}

export function encodeControl(control: SearchControl): Control {
  const oid = oids[control.type]
  switch (control.type) {
    case 'paged':
      return new EncodedControl(
        oid,
        sequence((writer) => {
          writer.writeInt(control.size)
          writer.writeBuffer(control.cookie, Ber.OctetString)
        }),
      )
    case 'dirsync':
      return new EncodedControl(
        oid,
        sequence((writer) => {
          writer.writeInt(control.flags | 0)
          writer.writeInt(control.maxBytes)
          writer.writeBuffer(control.cookie, Ber.OctetString)
        }),
      )
    case 'extendedDn':
      return new EncodedControl(
        oid,
        sequence((writer) => writer.writeInt(1)),
      )
    case 'sync':
      return new EncodedControl(
        oid,
        sequence((writer) => {
          writer.writeEnumeration(control.persist ? 3 : 1)
          if (control.cookie) writer.writeBuffer(control.cookie, Ber.OctetString)
        }),
      )
    case 'showDeleted':
    case 'notify':
      return new EncodedControl(oid, undefined)
  }
}

/** Reads what the server answered to the controls of a search. */
export function decodeSearchControls(
  controls: readonly ResponseControl[],
): Pick<SearchResult, 'pagedCookie' | 'dirsync' | 'sync'> {
  let pagedCookie: Buffer | undefined
  let dirsync: SearchResult['dirsync']
  let sync: SearchResult['sync']
  for (const { oid, value } of controls) {
    if (!value) continue
    const reader = new BerReader(value, 0, value.length)
    if (oid === oids.paged) {
      reader.end = reader.enter(0x30)
      reader.integer()
      pagedCookie = Buffer.from(reader.bytes())
    } else if (oid === oids.dirsync) {
      reader.end = reader.enter(0x30)
      const more = reader.integer() !== 0
      reader.integer()
      dirsync = { more, cookie: Buffer.from(reader.bytes()) }
    } else if (oid === syncOids.done) sync = decodeSyncDone(value)
  }
  return { pagedCookie, dirsync, sync }
}
