/** Proves that the browser starts and runs a page. */
import { chromium } from 'playwright-core'
import { expect, test } from 'vitest'
import { describeWith } from '../required.ts'
import { chromiumBrowser, chromiumLaunch } from './chromium.ts'

describeWith(chromiumBrowser, () => {
  test('renders a page and runs its script', async () => {
    const browser = await chromium.launch(chromiumLaunch())
    try {
      const page = await browser.newPage()
      await page.setContent('<h1></h1><script>document.querySelector("h1").textContent = 6 * 7</script>')
      expect(await page.textContent('h1')).toBe('42')
    } finally {
      await browser.close()
    }
  }, 60_000)
})
