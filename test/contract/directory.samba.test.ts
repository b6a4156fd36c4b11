/** The directory contract on a Samba AD domain controller. */

import { describeWith } from '../servers/required.ts'
import { type SambaForest, sambaServer, startSambaForest } from '../servers/samba/samba.ts'
import { activeDirectory, crowdEntries, crowdIn, type DirectoryUnderTest, type Subject } from './directory.subject.ts'
import { directoryContract } from './directory.ts'

/** What Samba 4.17 does not do as Windows does; the lab's forest stands in for it. */
const cannot: Subject['cannot'] = {
  restoreEdges: 'Samba keeps no links of what was deleted: its Recycle Bin is broken',
  classChange: 'Samba lets no structural class change',
}

async function underTest(forest: SambaForest): Promise<DirectoryUnderTest> {
  const crowd = crowdIn(activeDirectory, forest.baseDn, 800)
  await forest.load(crowdEntries(activeDirectory, crowd))
  const reader = await forest.createReader({ name: 'reader', replicate: true, seesDeleted: true })
  const blind = await forest.createReader({ name: 'blind', replicate: false, seesDeleted: false })
  return {
    domain: forest.baseDn.replace(/^DC=/, '').replaceAll(',DC=', '.'),
    baseDn: forest.baseDn,
    server: forest.ldapsUrl,
    servername: forest.servername,
    caPem: forest.caPem,
    admin: { dn: forest.adminDn, password: forest.adminPassword },
    reader,
    blind,
    crowd,
    close: () => forest.close(),
  }
}

describeWith(sambaServer, () => {
  directoryContract({
    name: 'Samba',
    dialects: ['dirsync', 'usn'],
    cannot,
    make: async () => underTest(await startSambaForest({ name: 'CONTRACT.CONTOSO.TEST', netbios: 'CONTRACT' })),
  })
})
