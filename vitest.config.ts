import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: { conditions: ['@canopy/source', 'node'] },
  ssr: { resolve: { conditions: ['@canopy/source', 'node'] } },
  test: {
    include: ['services/**/*.test.ts', 'proto/**/*.test.ts', 'test/**/*.test.ts', 'deploy/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**', '**/.cache/**'],
    environment: 'node',
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    execArgv: ['--conditions=@canopy/source', '--disable-warning=ExperimentalWarning'],
  },
})
