/** What the charts refuse: by their schema, and in the templates themselves where the schema is skipped. */
import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { helmTools } from '../servers/helm/helm.ts'
import { describeWith } from '../servers/required.ts'
import { type ChartValues, render, repositoryRoot } from './render.ts'

const bad: readonly (readonly [what: string, request: ChartValues, says: RegExp])[] = [
  [
    'an unknown key',
    { chart: 'canopy', values: 'minimal', set: ['kafak={}'] },
    /additional properties 'kafak' not allowed/,
  ],
  [
    'an unknown key in a workload',
    { chart: 'canopy', values: 'minimal', set: ['services.write.replica=1'] },
    /additional properties 'replica' not allowed/,
  ],
  [
    'an unknown key in the configuration of a service',
    { chart: 'canopy', values: 'minimal', set: ['services.audit.config={"seal_interval":1}'] },
    /additional properties 'seal_interval' not allowed/,
  ],
  [
    'a configuration the service would refuse',
    { chart: 'canopy', values: 'minimal', set: ['services.capture.config={"lease_ttl_ms":5}'] },
    /lease_ttl_ms': minimum: got 5, want 1,?000/,
  ],
  [
    'a service nobody knows',
    { chart: 'canopy', values: 'minimal', set: ['services.writer={}'] },
    /'writer' not allowed/,
  ],
  ['a drain the process would refuse', { chart: 'canopy', values: 'minimal', set: ['drainSecs=0'] }, /minimum: got 0/],
  [
    'a setting that belongs to the chart',
    { chart: 'canopy', values: 'minimal', set: ['services.console.config={"listen":"x"}'] },
    /'listen' not allowed/,
  ],
  [
    'an unknown key of the agent',
    { chart: 'canopy-agent', values: 'minimal', set: ['agent.config={"ceilings":{}}'] },
    /'ceilings' not allowed/,
  ],
  ['no brokers', { chart: 'canopy' }, /kafka\/brokers': minItems/],
  ['no hub', { chart: 'canopy-agent' }, /hub\/address/],
]

const unsaid: readonly (readonly [what: string, request: ChartValues, says: RegExp])[] = [
  ['brokers', { chart: 'canopy', values: 'minimal', set: ['kafka.brokers=[]'] }, /kafka\.brokers is missing/],
  [
    'database',
    { chart: 'canopy', values: 'minimal', set: ['postgres.existingSecret=""'] },
    /postgres\.existingSecret is missing/,
  ],
  [
    'certificates',
    { chart: 'canopy', values: 'minimal', set: ['rpc.tls.existingSecret=""'] },
    /rpc\.tls\.existingSecret is missing/,
  ],
  [
    'token',
    { chart: 'canopy', values: 'minimal', set: ['services.console.token.existingSecret=""'] },
    /token\.existingSecret is missing/,
  ],
  [
    'SASL secret',
    { chart: 'canopy', values: 'minimal', set: ['kafka.sasl.mechanism="plain"'] },
    /kafka\.sasl\.existingSecret is missing/,
  ],
  ['hub', { chart: 'canopy-agent', values: 'minimal', set: ['hub.address=""'] }, /hub\.address is missing/],
  [
    'certificate',
    { chart: 'canopy-agent', values: 'minimal', set: ['hub.tls.existingSecret=""'] },
    /hub\.tls\.existingSecret is missing/,
  ],
  [
    'credentials',
    { chart: 'canopy-agent', values: 'minimal', set: ['agent.credentials=[]'] },
    /agent\.credentials is empty/,
  ],
  [
    'source of trust',
    { chart: 'canopy', values: 'minimal', set: ['services.write.trust={"keys":["a.pem"]}'] },
    /trust\.keys needs trust\.existingSecret or trust\.configMap/,
  ],
]

describeWith(helmTools, () => {
  test.each(bad)('the schema refuses %s', async (_, request, says) => {
    await expect(render(request)).rejects.toThrow(says)
  })

  test.each(unsaid)('without the schema, a missing %s is refused by the templates', async (_, request, says) => {
    await expect(render({ ...request, withoutSchema: true })).rejects.toThrow(says)
  })
})

test.each(['_workload.tpl', '_credentials.tpl'])('both charts hold the same %s', async (file) => {
  const [one, other] = await Promise.all(
    ['canopy', 'canopy-agent'].map((chart) => readFile(`${repositoryRoot}charts/${chart}/templates/${file}`, 'utf8')),
  )
  expect(one).toBe(other)
})
