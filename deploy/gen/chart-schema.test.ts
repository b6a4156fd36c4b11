/** The schemas of the charts are what the services of today accept. */
import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { chartSchemaFiles } from './chart-schema.ts'

test.each(chartSchemaFiles())('%s is fresh: npm run gen', async (path, text) => {
  expect(await readFile(new URL(`../../${path}`, import.meta.url), 'utf8')).toBe(text)
})
