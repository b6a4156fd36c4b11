/** Reads the rules of Entra Connect from JSON: a list of rules with their scope and their attribute flows. */
import { type ConnectFlow, type ConnectRule, fromConnect, isDefaultExclusion } from './connect-rules.ts'
import type { Imported, ImportedRule } from './imported.ts'
import type { Part } from './json.ts'

/** Undefined: the document is something else. */
export function readConnectJson(document: Part): Imported | undefined {
  const rules = Array.isArray(document.value) ? document.list() : document.at('rules').list()
  if (rules.length === 0 || !rules[0]!.at('direction').isThere) return undefined
  return fromConnect(rules.map(ruleOf))
}

function ruleOf(rule: Part): ConnectRule {
  const conditions = rule
    .at('scope_any_of_all')
    .list()
    .flatMap((group) => group.list())
    .filter((condition) => !isDefaultExclusion(condition.at('attribute').text()))
  return {
    name: rule.at('name').text(),
    inbound: rule.at('direction').text() === 'Inbound',
    precedence: Number(rule.at('precedence').text()) || 0,
    source: rule.at('source').text(),
    conditions: conditions.map((one) =>
      `${one.at('attribute').text()} ${one.at('operator').text()} ${one.at('value').text()}`.trim(),
    ),
    flows: rule.at('mappings').list().map(flowOf),
    line: rule.at('name').line,
  }
}

const flowOf = (flow: Part): ConnectFlow => ({
  target: flow.at('target').text(),
  source: sourceOf(flow),
  merge: flow.at('merge').text(),
  once: flow.at('executeOnce').value === true,
  line: flow.at('target').line,
})

function sourceOf(flow: Part): ImportedRule['source'] {
  switch (flow.at('type').text()) {
    case 'expression':
      return { is: 'expression', text: flow.at('expression').text() }
    case 'constant':
      return { is: 'constant', value: flow.at('value').text() }
    default:
      return { is: 'attribute', name: flow.at('source').text() }
  }
}
