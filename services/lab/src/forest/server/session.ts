/** One client's connection as the request handlers see it: who it is, what it has open, and how to answer it. */
import type { Socket } from 'node:net'
import { BerWriter } from '../ber/writer.ts'
import type { LabDirectory } from '../directory/directory.ts'
import type { Entry } from '../directory/entry.ts'
import type { ForestFaults } from '../faults.ts'
import type { Watch } from './notify.ts'
import type { PageStates } from './pages.ts'
import { encodeResult, type Result } from './result.ts'

/** What an account may do beyond reading. */
export interface AccountRights {
  /** Replicating Directory Changes: DirSync without OBJECT_SECURITY. */
  readonly replicate: boolean
  /** List and read CN=Deleted Objects. */
  readonly seesDeleted: boolean
  readonly write: boolean
}

export interface ServerContext {
  readonly directory: LabDirectory
  readonly faults: ForestFaults
  readonly pages: PageStates
  /** Rights by the GUID of the account. */
  readonly rights: ReadonlyMap<string, AccountRights>
  /** Binds that were answered, over all connections. */
  readonly binds: { accepted: number; refused: number }
  /** Entries a search may return without paging, and the largest page. */
  readonly maxPageSize: number
}

const nobody: AccountRights = { replicate: false, seesDeleted: false, write: false }
const flushBytes = 60 * 1024

export class Session {
  readonly context: ServerContext
  socket: Socket
  account: Entry | undefined
  readonly watches = new Map<number, Watch>()
  readonly abandoned = new Set<number>()
  readonly out = new BerWriter()
  closed = false

  constructor(context: ServerContext, socket: Socket) {
    this.context = context
    this.socket = socket
  }

  get rights(): AccountRights {
    const rights = this.account === undefined ? nobody : (this.context.rights.get(this.account.guid) ?? nobody)
    return this.context.faults.blind ? { ...rights, seesDeleted: false } : rights
  }

  answer(result: Result): void {
    this.send(encodeResult(result))
  }

  send(bytes: Buffer): void {
    if (!this.closed) this.socket.write(bytes)
  }

  /** Sends what was written to `out` when it is enough, and waits while the client does not read. */
  async flush(all = false): Promise<void> {
    if (this.closed || this.out.length === 0 || (!all && this.out.length < flushBytes)) return
    if (this.socket.write(this.out.take())) return
    await drained(this.socket)
  }

  get flushDue(): boolean {
    return this.out.length >= flushBytes
  }

  destroy(): void {
    this.closed = true
    this.socket.destroy()
  }
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      socket.off('drain', done)
      socket.off('close', done)
      resolve()
    }
    socket.on('drain', done)
    socket.on('close', done)
    if (socket.destroyed) done()
  })
}
