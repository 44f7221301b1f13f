import type { JobSummary } from '../../../shared/contracts/workbench.contract.ts'
import { cameraLives, type MachineStatus, type RackView } from '../../../shared/rack/rackView.schema.ts'

const jobStates = ['queued', 'running', 'succeeded', 'failed', 'cancelled', 'interrupted'] as const
const workflows = ['restore', 'install', 'dump', 'burn', 'agent'] as const

export interface MetricsInput {
  readonly rack: RackView
  readonly jobs: readonly JobSummary[]
  readonly status: MachineStatus
  readonly process: { readonly residentBytes: number; readonly cpuSeconds: number }
}

type Row = readonly [labels: Readonly<Record<string, string>>, value: number]

const escaped = (text: string): string => text.replaceAll('\\', String.raw`\\`).replaceAll('"', String.raw`\"`).replaceAll('\n', String.raw`\n`)
const labelText = (labels: Readonly<Record<string, string>>): string => {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}="${escaped(value)}"`)
  return pairs.length > 0 ? `{${pairs.join(',')}}` : ''
}
const metric = (name: string, kind: 'gauge' | 'counter', help: string, rows: readonly Row[]): string =>
  [`# HELP ${name} ${help}`, `# TYPE ${name} ${kind}`, ...rows.map(([labels, value]) => `${name}${labelText(labels)} ${value}`)].join('\n')

/**
 * The text format of Prometheus, 0.0.4. Labels come from closed lists alone, so that a rack of any size and a year of jobs make the same
 * few dozen rows; which camera it is says the window.
 */
export function metricsText({ rack, jobs, status, process }: MetricsInput): string {
  const cameras = rack.pods.flatMap((pod) => pod.cameras)
  const sum = (of: (camera: (typeof cameras)[number]) => number): number => cameras.reduce((total, camera) => total + of(camera), 0)
  return `${[
    metric('rackbench_info', 'gauge', 'What runs here.', [[{ version: status.version, host: status.host }, 1]]),
    metric('rackbench_pods', 'gauge', 'Pods by whether they answer.', (['reachable', 'unreachable', 'checking'] as const).map((state) => [{ state }, rack.pods.filter((pod) => pod.state === state).length])),
    metric('rackbench_cameras', 'gauge', 'Cameras by state.', cameraLives.map((life) => [{ state: life }, cameras.filter((camera) => camera.life === life).length])),
    metric('rackbench_cameras_locked', 'gauge', 'Cameras that a job or a person holds.', [[{}, cameras.filter((camera) => camera.leaseHolder !== undefined).length]]),
    metric('rackbench_alarms', 'gauge', 'Alarms of rules that nobody has cleared.', [[{}, sum((camera) => camera.alarms?.count ?? 0)]]),
    metric('rackbench_jobs', 'gauge', 'Jobs that the journal keeps, by kind and state.', workflows.flatMap((workflow) => jobStates.map((state): Row => [{ workflow, state }, jobs.filter((job) => job.workflow === workflow && job.state === state).length]))),
    metric('rackbench_console_received_bytes_total', 'counter', 'Bytes that consoles said since the start.', [[{}, sum((camera) => camera.bytesReceived)]]),
    metric('rackbench_console_lost_bytes_total', 'counter', 'Bytes that a full buffer lost.', [[{}, status.bytesLost]]),
    metric('rackbench_journal_ok', 'gauge', '1 while the journal takes events.', [[{}, status.journal.ok ? 1 : 0]]),
    metric('rackbench_journal_events', 'gauge', 'Events in the journal.', [[{}, status.journal.events]]),
    metric('rackbench_disk_free_bytes', 'gauge', 'Room for captures and dumps.', [[{}, status.freeBytes]]),
    metric('process_resident_memory_bytes', 'gauge', 'Memory of the main process.', [[{}, process.residentBytes]]),
    metric('process_cpu_seconds_total', 'counter', 'CPU time of the main process.', [[{}, process.cpuSeconds]]),
  ].join('\n')}\n`
}
