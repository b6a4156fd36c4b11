/** What can go wrong on either bus, with the code a caller may look at. */
import { Failure } from '../failure.ts'

export function unknownPartition(at: string): Failure {
  return new Failure({
    kind: 'permanent',
    code: 'CANOPY-BUS-0001',
    message: `the bus has no partition ${at}`,
    at,
    mend: 'topics are created at start: ensureTopics was not called for this one',
  })
}

export function wrongPartitionCount(of: { topic: string; found: number; wanted: number }): Failure {
  return new Failure({
    kind: 'permanent',
    code: 'CANOPY-BUS-0002',
    message: `topic ${of.topic} has ${of.found} partitions, this version needs ${of.wanted}`,
    at: of.topic,
    mend: 'partition counts never change: use the bus the topic was made for, or start with an empty one and resnapshot',
  })
}

export function appendedTooLate(at: string): Failure {
  return new Failure({
    kind: 'transient',
    code: 'CANOPY-BUS-0003',
    message: `not appended to ${at}: it could end after its deadline`,
    at,
  })
}

export function positionBeyondEnd(of: { at: string; position: bigint; end: bigint }): Failure {
  return new Failure({
    kind: 'permanent',
    code: 'CANOPY-BUS-0004',
    message: `the store has read ${of.at} up to ${of.position}, but the log ends at ${of.end}: it was lost or replaced`,
    at: of.at,
    mend: 'restore the log, or have the service rebuild its store from the beginning',
  })
}
