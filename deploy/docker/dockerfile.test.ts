/** The Dockerfile stays within what the classic builder of Docker 20.10 understands, and the image within what is safe. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8')
const dockerfile = read('Dockerfile')
/** Instructions with their continuation lines joined; comments left out. */
const instructions = dockerfile
  .replaceAll(/^#.*$/gm, '')
  .replaceAll(/\\\n/g, ' ')
  .split('\n')
  .map((line) => line.trim())
  .filter((line) => line !== '')
const of = (word: string): readonly string[] => instructions.filter((line) => line.startsWith(`${word} `))
const lastStage = instructions.slice(instructions.findLastIndex((line) => line.startsWith('FROM ')))

test('nothing needs BuildKit', () => {
  expect(dockerfile).not.toMatch(/^#\s*(syntax|escape|check)\s*=/im)
  expect(dockerfile).not.toContain('<<')
  expect(instructions.filter((line) => /--(link|mount|chmod|parents|exclude|network|security)\b/.test(line))).toEqual(
    [],
  )
  expect(of('ADD')).toEqual([])
})

test('every build argument is used after it is declared', () => {
  const names = of('ARG').map((line) => /^ARG (\w+)/.exec(line)?.[1])
  expect(names).toContain('BASE_IMAGE')
  expect(names).toContain('SERVICE')
  for (const [index, line] of instructions.entries()) {
    const name = /^ARG (\w+)/.exec(line)?.[1]
    if (name === undefined) continue
    const rest = instructions.slice(index + 1)
    const stageEnd = rest.findIndex((each) => each.startsWith('FROM '))
    // An argument before the first FROM is for the FROM lines; any other one lives until its stage ends.
    const scope = index === 0 ? of('FROM') : stageEnd < 0 ? rest : rest.slice(0, stageEnd)
    expect(scope.join('\n'), name).toContain(`\${${name}}`)
  }
})

test('the image runs as nobody in particular, drains on SIGTERM and asks itself for its health', () => {
  expect(lastStage).toContain('USER 65532:65532')
  expect(lastStage.findIndex((line) => line.startsWith('USER'))).toBeGreaterThan(
    lastStage.findIndex((line) => line.startsWith('COPY')),
  )
  expect(lastStage).toContain('STOPSIGNAL SIGTERM')
  expect(lastStage.find((line) => line.startsWith('HEALTHCHECK'))).toMatch(
    /CMD \["node", "dist\/src\/main\.js", "--probe"\]$/,
  )
  // As a list: through a shell no signal would arrive.
  expect(lastStage.find((line) => line.startsWith('ENTRYPOINT'))).toMatch(
    /^ENTRYPOINT \["node", .*"dist\/src\/main\.js"\]$/,
  )
  expect(lastStage.filter((line) => line.startsWith('RUN'))).toEqual([])
  expect(dockerfile).not.toMatch(/\bcurl\b|\bwget\b/)
})

test('what is copied from the checkout is in the build context', () => {
  const allowed = read('../../.dockerignore')
    .split('\n')
    .filter((line) => line.startsWith('!'))
    .map((line) => line.slice(1))
  const copied = of('COPY')
    .filter((line) => !line.includes('--from='))
    .flatMap((line) => line.split(/\s+/).slice(1, -1))
  expect(copied.length).toBeGreaterThan(3)
  for (const path of copied)
    expect(
      allowed.some((each) => path === each || path.startsWith(`${each}/`)),
      path,
    ).toBe(true)
})
