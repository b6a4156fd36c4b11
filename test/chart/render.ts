/** Lints and renders the charts with the real Helm. */
import { fileURLToPath } from 'node:url'
import { parseAllDocuments } from 'yaml'
import { runCommand } from '../servers/command.ts'
import { fetchHelm } from '../servers/helm/helm.ts'

export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels?: Readonly<Record<string, string>>
  }
  readonly [field: string]: unknown
}

export type ChartName = 'canopy' | 'canopy-agent'

export interface ChartValues {
  readonly chart: ChartName
  /** Which of the chart's `ci/<name>-values.yaml` files; none: the chart's own values alone. */
  readonly values?: 'minimal' | 'full'
  /** A further values file, relative to the repository. */
  readonly file?: string
  /** As `--set-json` takes them: `services.write={"replicas":1}`. */
  readonly set?: readonly string[]
  /** Renders although the schema refuses: what the templates themselves refuse. */
  readonly withoutSchema?: boolean
}

export const repositoryRoot = fileURLToPath(new URL('../../', import.meta.url))
export const namespace = 'identity'
export const release = 'prod'

/** Every manifest of a release. Rejects with what Helm says. */
export async function render(request: ChartValues): Promise<readonly Manifest[]> {
  const { helm } = await fetchHelm()
  return parseManifests(
    await runCommand(helm, ['template', release, chartPath(request), '-n', namespace, ...flags(request)]),
  )
}

/** Every document of a YAML stream that is not empty. */
export function parseManifests(text: string): readonly Manifest[] {
  return parseAllDocuments(text).flatMap((document) => {
    if (document.errors.length > 0) throw new Error(`not YAML: ${document.errors[0]!.message}`)
    const value: unknown = document.toJS()
    return value === null ? [] : [value as Manifest]
  })
}

/** `helm lint --strict`. Rejects with what it finds. */
export async function lint(request: ChartValues): Promise<string> {
  const { helm } = await fetchHelm()
  return runCommand(helm, ['lint', '--strict', chartPath(request), ...flags(request)])
}

const chartPath = ({ chart }: ChartValues): string => `${repositoryRoot}charts/${chart}`

const flags = (request: ChartValues): readonly string[] => [
  ...(request.values === undefined ? [] : ['-f', `${chartPath(request)}/ci/${request.values}-values.yaml`]),
  ...(request.file === undefined ? [] : ['-f', `${repositoryRoot}${request.file}`]),
  ...(request.set ?? []).flatMap((each) => ['--set-json', each]),
  ...(request.withoutSchema ? ['--skip-schema-validation'] : []),
]
