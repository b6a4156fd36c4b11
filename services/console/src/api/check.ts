/** GET check: the preflight of forests and targets. */
import { call, Failure, nearest } from '@canopy/chassis'
import { type agent, capture, write } from '@canopy/proto'
import type { Asked } from '../ports.ts'
import { answered, attempt } from './services.ts'

/** Preflights speak with every server of a forest. */
const deadlineMs = 60_000

export interface CheckAnswer {
  readonly lines: readonly agent.CheckLine[]
}

/** Of one forest or target, or of all. Failure CANOPY-CONSOLE-0007-NOT-FOUND: there is none of that name. */
export async function check({ query, channels, signal }: Asked): Promise<CheckAnswer> {
  const subject = query.text('subject')
  const forests = () =>
    call(channels.client('capture', capture.CaptureClient), 'checkForest', { forest: subject }, { deadlineMs, signal })
  const targets = () =>
    call(channels.client('write', write.WriteClient), 'checkTarget', { target: subject }, { deadlineMs, signal })
  if (subject !== '') {
    const what = await kindOf(subject, channels)
    return what === 'forest' ? await forests() : await targets()
  }
  const both = await Promise.all([attempt(forests), attempt(targets)])
  return {
    lines: both.flatMap((answer, index) =>
      answer.ok
        ? answer.value.lines
        : [
            {
              subject: index === 0 ? 'forests' : 'targets',
              check: 'service',
              verdict: 'VERDICT_FAIL' as const,
              message: `${answer.code}  ${answer.message}`,
              mend: answer.mend ?? '',
            },
          ],
    ),
  }
}

async function kindOf(subject: string, channels: Asked['channels']): Promise<'forest' | 'target'> {
  const [forests, targets] = await Promise.all([
    attempt(() => call(channels.client('capture', capture.CaptureClient), 'getForests', {})),
    attempt(() => call(channels.client('write', write.WriteClient), 'getTargets', {})),
  ])
  const forestNames = (answered(forests)?.partitions ?? []).map(({ forest }) => forest)
  const targetNames = (answered(targets)?.targets ?? []).map(({ target }) => target)
  if (forestNames.includes(subject)) return 'forest'
  if (targetNames.includes(subject)) return 'target'
  const known = [...new Set([...forestNames, ...targetNames])]
  const meant = nearest(subject, known)
  throw new Failure({
    kind: 'permanent',
    code: 'CANOPY-CONSOLE-0007-NOT-FOUND',
    message: `there is no forest or target ${subject}`,
    mend: meant
      ? `did you mean ${meant}?`
      : known.length > 0
        ? `one of: ${known.join(', ')}`
        : 'apply a configuration first',
  })
}
