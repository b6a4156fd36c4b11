/** The house check: lists every broken rule of the repository and exits 1 when there is one. */
import { readdir, readFile } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { houseViolations, type SourceFile } from './house.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const skipped = new Set(['node_modules', 'dist', 'gen', '.cache', '.toolchain', '.canopy', 'coverage'])
/** This folder is source although it is called gen. */
const kept = join(root, 'deploy', 'gen')

/** Every TypeScript file below the folders that have rules. */
export async function repositoryFiles(folder = root): Promise<readonly SourceFile[]> {
  const files: SourceFile[] = []
  const walk = async (at: string): Promise<void> => {
    for (const entry of await readdir(at, { withFileTypes: true })) {
      const path = join(at, entry.name)
      if (entry.isDirectory() && (!skipped.has(entry.name) || path === kept)) await walk(path)
      else if (entry.isFile() && /\.tsx?$/.test(entry.name) && !entry.name.endsWith('.d.ts')) {
        files.push({ path: relative(folder, path).split(sep).join('/'), text: await readFile(path, 'utf8') })
      }
    }
  }
  for (const top of ['proto', 'services', 'deploy', 'test']) await walk(join(folder, top))
  return files
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const files = await repositoryFiles()
  const violations = houseViolations(files)
  for (const { path, line, rule } of violations) process.stdout.write(`${path}:${line}  ${rule}\n`)
  process.stdout.write(`${files.length} files, ${violations.length} broken rules\n`)
  if (violations.length > 0) process.exitCode = 1
}
