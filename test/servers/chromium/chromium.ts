/** Finds the Chromium (or Chrome) of this machine and the flags that playwright-core starts it with. */
import { findProgram } from '../command.ts'
import type { TestServer } from '../required.ts'

const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome']

export interface ChromiumLaunch {
  readonly executablePath: string
  readonly headless: true
  readonly args: string[]
}

/** For `describeWith`. */
export const chromiumBrowser: TestServer = {
  name: 'Chromium',
  available: async () => {
    if (chromiumPath() !== undefined) return undefined
    return `none of ${names.join(', ')} found: run "node test/servers/install.mjs" as root on Debian`
  },
}

/** Where the browser is; `undefined` when there is none. */
export function chromiumPath(): string | undefined {
  return names.map(findProgram).find((path) => path !== undefined)
}

/** What `chromium.launch` of playwright-core wants. */
export function chromiumLaunch(): ChromiumLaunch {
  const executablePath = chromiumPath()
  if (executablePath === undefined) throw new Error(`none of ${names.join(', ')} found`)
  // Chromium's sandbox refuses root; containers give /dev/shm only 64 MB.
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  return { executablePath, headless: true, args: [...sandbox, '--disable-dev-shm-usage', '--disable-gpu'] }
}
