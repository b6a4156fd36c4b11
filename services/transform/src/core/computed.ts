/** Values that Canopy derives from several attributes as Entra does: the mail alias and the principal name. */
import { dnToDomain, mailAlias, type Read, toTexts } from '@canopy/domain'
import type { change } from '@canopy/proto'

export type ComputedTarget = 'mailNickname' | 'userPrincipalName'

const sources: Readonly<Record<ComputedTarget, readonly string[]>> = {
  mailNickname: ['mailNickname', 'proxyAddresses', 'mail', 'userPrincipalName', 'sAMAccountName'],
  userPrincipalName: ['userPrincipalName', 'sAMAccountName'],
}

export const computedTarget = (name: string): ComputedTarget | undefined =>
  name === 'mailNickname' || name === 'userPrincipalName' ? name : undefined

export function computedSources(name: string): readonly string[] {
  const target = computedTarget(name)
  return target ? sources[target] : []
}

export interface Computed {
  readonly values: string[]
  readonly basis: string
}

export function computed(target: ComputedTarget, read: Read, object: change.DirectoryObject): Computed {
  const first = (name: string): string | undefined => toTexts(read(name))[0]
  switch (target) {
    case 'mailNickname': {
      const made = mailAlias({
        mailNickname: first('mailnickname'),
        proxyAddresses: toTexts(read('proxyaddresses')),
        mail: first('mail'),
        userPrincipalName: first('userprincipalname'),
        name: first('samaccountname') ?? first('cn'),
      })
      return made ? { values: [made.alias], basis: made.basis } : { values: [], basis: '' }
    }
    case 'userPrincipalName': {
      const name = first('userprincipalname')
      if (name) return { values: [name], basis: '' }
      const account = first('samaccountname')
      const domain = domainOf(object.dn)
      return { values: account && domain ? [`${account}@${domain}`] : [], basis: '' }
    }
    default:
      return target satisfies never
  }
}

/** The domain an object is in: the DC parts its name ends with. */
function domainOf(dn: string): string | undefined {
  const at = dn.search(/(?<=^|,)\s*DC=/i)
  return at < 0 ? undefined : dnToDomain(dn.slice(at))
}
