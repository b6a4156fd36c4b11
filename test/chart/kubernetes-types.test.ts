/** Proves that the check of manifests can fail: on a wrong type, on a field Kubernetes does not know, on a strange kind. */
import { expect, test } from 'vitest'
import { typeProblems } from './kubernetes-types.ts'

const budget = (spec: object) => ({
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata: { name: 'one' },
  spec,
})
const selector = { matchLabels: { app: 'one' } }

test('a correct manifest has no problems', () => {
  expect(typeProblems(budget({ maxUnavailable: 1, selector }))).toEqual([])
})

test('a wrong type is a problem', () => {
  expect(typeProblems(budget({ maxUnavailable: 1, selector: { matchLabels: { app: 1 } } }))).toEqual([
    'PodDisruptionBudget one: /spec/selector/matchLabels/app type {"type":"string"}',
  ])
})

test('a field Kubernetes does not know is a problem, however deep', () => {
  expect(typeProblems(budget({ maxUnavailabel: 1, selector: { ...selector, matchLabel: {} } }))).toEqual([
    'PodDisruptionBudget one: /spec/maxUnavailabel is unknown to Kubernetes',
    'PodDisruptionBudget one: /spec/selector/matchLabel is unknown to Kubernetes',
  ])
})

test('a kind the charts do not use is a problem', () => {
  expect(typeProblems({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'one' } })).toHaveLength(1)
})
