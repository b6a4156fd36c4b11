/** The directory contract on a Samba AD domain controller. */

import { describeWith } from '../servers/required.ts'
import { sambaServer, startSambaForest } from '../servers/samba/samba.ts'
import { directoryContract } from './directory.ts'

describeWith(sambaServer, () => {
  directoryContract('Samba', async () => {
    const forest = await startSambaForest({ name: 'CONTRACT.CONTOSO.TEST', netbios: 'CONTRACT' })
    const reader = await forest.createReader({ name: 'reader', replicate: true, seesDeleted: true })
    const blind = await forest.createReader({ name: 'blind', replicate: false, seesDeleted: false })
    return {
      domain: 'contract.contoso.test',
      baseDn: forest.baseDn,
      server: forest.ldapsUrl,
      servername: forest.servername,
      caPem: forest.caPem,
      admin: { dn: forest.adminDn, password: forest.adminPassword },
      reader,
      blind,
      close: () => forest.close(),
    }
  })
})
