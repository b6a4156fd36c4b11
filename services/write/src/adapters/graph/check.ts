/** Preflight of a Graph target: token, rights, verified domains. */
import { classify } from '@canopy/chassis'
import { agent } from '@canopy/proto'
import type { GraphCaller } from './graph.ts'

export async function checkGraph(options: {
  readonly target: string
  readonly root: string
  readonly call: GraphCaller
}): Promise<agent.CheckLine[]> {
  const lines: agent.CheckLine[] = []
  const line = (check: string, verdict: agent.Verdict, message: string, mend = ''): void => {
    lines.push({ subject: options.target, check, verdict, message, mend })
  }
  const probe = async (check: string, path: string, right: string): Promise<unknown> => {
    try {
      const answer = await options.call('GET', `${options.root}${path}`, 10_000)
      if (answer.status === 200) {
        line(check, agent.Verdict.PASS, 'readable')
        return answer.body
      }
      line(check, agent.Verdict.FAIL, `HTTP ${answer.status}`, `grant the application ${right}`)
    } catch (error) {
      const failure = classify(error)
      line(check, agent.Verdict.FAIL, `${failure.code} ${failure.message}`, failure.mend ?? '')
    }
    return undefined
  }
  const organization = await probe('sign-in', '/organization', 'Organization.Read.All')
  if (organization === undefined) return lines
  const domains = (await probe('domains', '/domains', 'Domain.Read.All')) as
    | { value?: { id?: string; isVerified?: boolean }[] }
    | undefined
  const verified = domains?.value?.filter((domain) => domain.isVerified).length ?? 0
  line('verified domains', verified > 0 ? agent.Verdict.PASS : agent.Verdict.WARN, `${verified} verified`)
  await probe('users', '/users?$top=1&$select=id', 'User.ReadWrite.All')
  await probe('groups', '/groups?$top=1&$select=id', 'Group.ReadWrite.All')
  return lines
}
