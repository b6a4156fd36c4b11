import { expect, it } from 'vitest'
import { attribute } from './schema.ts'
import { Slab, type Stored } from './slab.ts'

const types = ['title', 'displayName', 'proxyAddresses', 'thumbnailPhoto', 'mail'].map(attribute)

it('gives back what was packed: texts shared and own, lists, bytes, nothing', () => {
  const slab = new Slab()
  const packed: [number, Stored[]][] = []
  // More than one chunk, and more titles than are remembered as shared.
  for (let n = 0; n < 20_000; n++) {
    const photo = Buffer.from([n & 255, 0, 255])
    const values: Stored[] = [`Title ${n % 400}`, `Ünïq ${n} 👩`, ['a', `b${n}`], n % 3 === 0 ? photo : undefined, '']
    packed.push([slab.pack(types, values) ?? -1, values])
  }
  for (const [at, values] of packed) expect(slab.unpack(at, types.length)).toEqual(values)
})

it('leaves what is too large where it is', () => {
  const slab = new Slab()
  expect(slab.pack(types, ['x'.repeat(70_000)])).toBeUndefined()
  expect(slab.pack(types, [undefined, undefined, undefined, Buffer.alloc(66_000)])).toBeUndefined()
  const at = slab.pack(types, ['fits', undefined, undefined, undefined, undefined]) ?? -1
  expect(slab.unpack(at, types.length)[0]).toBe('fits')
})
