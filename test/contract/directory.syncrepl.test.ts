/** The directory contract on OpenLDAP, read by syncrepl. */
import { slapdServer, startSlapd } from '../servers/openldap/openldap.ts'
import { describeWith } from '../servers/required.ts'
import { crowdEntries, crowdIn, openLdap, type Subject } from './directory.subject.ts'
import { directoryContract } from './directory.ts'

/** What OpenLDAP does not do as Active Directory does. */
const cannot: Subject['cannot'] = {
  blindAccounts: 'syncrepl tells deletions to whoever may read',
  restore: 'OpenLDAP keeps nothing of what was deleted',
  foreignPrincipals: 'OpenLDAP has no SIDs',
  silentMemberLoss: 'OpenLDAP keeps the names of deleted members',
  longNames: 'a name is a key of at most 511 bytes',
  cleanCheck: 'OpenLDAP does not tell its time',
  classChange: 'OpenLDAP lets no structural class change',
}

describeWith(slapdServer, () => {
  directoryContract({
    name: 'OpenLDAP',
    dialects: ['syncrepl'],
    cannot,
    make: async () => {
      const suffix = 'dc=contract,dc=test'
      const crowd = crowdIn(openLdap, suffix, 3_000)
      const slapd = await startSlapd({ suffix, entries: crowdEntries(openLdap, crowd), tls: true })
      const { tls, adminDn: dn, adminPassword: password } = slapd
      if (tls === undefined) throw new Error('started without TLS')
      return {
        domain: 'contract.test',
        baseDn: slapd.suffix,
        server: tls.ldapsUrl,
        servername: tls.servername,
        caPem: tls.caPem,
        admin: { dn, password },
        reader: { dn, password },
        vocabulary: openLdap,
        crowd,
        close: () => slapd.close(),
      }
    },
  })
})
