/** The contract of several controllers on two Samba AD domain controllers of one domain, the second one by join. */
import { describeWith } from '../servers/required.ts'
import { sambaServer, startSambaForest } from '../servers/samba/samba.ts'
import { startSecondController } from '../servers/samba/second-controller.ts'
import { controllersContract } from './directory.controllers.ts'
import { startProxy } from './directory.proxy.ts'

const of = { name: 'CONTRACT.CONTOSO.TEST', netbios: 'CONTRACT' }

describeWith(sambaServer, () => {
  controllersContract('Samba', async () => {
    const forest = await startSambaForest({ ...of, joinable: true })
    const reader = await forest.createReader({ name: 'reader', replicate: true, seesDeleted: true })
    const second = await startSecondController(forest, of)
    // The servers go on: what is taken away is the way to them.
    const controllers = await Promise.all(
      [forest, second].map(async ({ ldapsUrl, servername, caPem }) => {
        const proxy = await startProxy(ldapsUrl)
        return { ...proxy, server: `ldaps://${proxy.host}`, direct: ldapsUrl, servername, caPem }
      }),
    )
    return {
      domain: of.name.toLowerCase(),
      baseDn: forest.baseDn,
      server: forest.ldapsUrl,
      servername: forest.servername,
      caPem: forest.caPem,
      admin: { dn: forest.adminDn, password: forest.adminPassword },
      reader,
      controllers: [controllers[0]!, controllers[1]!],
      // They replicate on demand only.
      hold: () => undefined,
      replicate: async () => {
        await second.pull()
        await second.push()
      },
      close: async () => {
        for (const each of controllers) each.close()
        await second.close()
        await forest.close()
      },
    }
  })
})
