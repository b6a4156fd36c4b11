/** The catalogue of target attributes against Microsoft's published properties, where those are at hand. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isExtensionAttribute, targetAttribute, targetAttributes } from './target-attributes.ts'

const folder = process.env.TEST_SHARED_DATA
const file = folder && join(folder, 'properties.tsv')
const isThere = file !== undefined && existsSync(file)
if (!isThere) console.log('Skipped: TEST_SHARED_DATA does not name a folder with properties.tsv')

interface Property {
  readonly type: string
  readonly maxLength: number | undefined
  readonly create: string
  readonly update: string
}

const published = new Map<string, Property>()
if (isThere) {
  for (const line of readFileSync(file, 'utf8').split('\n').slice(1)) {
    const [entity, name, type, , maxLength, create, update] = line.split('\t')
    const limit = maxLength ? Number(maxLength) : undefined
    published.set(`${entity}.${name}`, {
      type: type ?? '',
      maxLength: limit,
      create: create ?? '',
      update: update ?? '',
    })
  }
}

const types = { 'Edm.String': 'string', 'Edm.Boolean': 'boolean', 'Collection(Edm.String)': 'strings' } as const

describe.skipIf(!isThere)('what Graph carries', () => {
  const carried = (['user', 'group'] as const).flatMap((kind) =>
    Object.entries(targetAttributes[kind])
      .filter(([name, { carriers }]) => carriers.includes('graph') && !isExtensionAttribute(name))
      .map(([name, attribute]) => ({ key: `${kind}.${name}`, attribute })),
  )
  it.each(carried)('$key is as published: type, length, writable', ({ key, attribute }) => {
    const property = published.get(key)
    expect(property).toBeDefined()
    expect(types[property!.type as keyof typeof types]).toBe(attribute.type)
    expect([property!.create, property!.update]).toEqual(['y', 'y'])
    if (property!.maxLength !== undefined) expect(attribute.maxLength).toBe(property!.maxLength)
  })

  it('what it refuses is not said to be carried', () => {
    for (const kind of ['user', 'group'] as const) {
      for (const [name, { carriers }] of Object.entries(targetAttributes[kind])) {
        if (published.get(`${kind}.${name}`)?.update === 'n') expect([kind, name, carriers]).toEqual([kind, name, []])
      }
    }
  })
})

describe('the catalogue', () => {
  it('knows directory extensions by their form, of users and groups', () => {
    const name = 'extension_0123456789abcdef0123456789abcdef_costCenter'
    expect(targetAttribute('user', name)).toMatchObject({ maxLength: 256, clearable: true, onTooLong: 'hold' })
    expect(targetAttribute('contact', name)).toBeUndefined()
    expect(targetAttribute('user', 'extension_12_x')).toBeUndefined()
  })

  it('has no attribute by inheritance', () => expect(targetAttribute('user', 'constructor')).toBeUndefined())
})
