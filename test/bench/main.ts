import { cpus, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import type { BenchRow } from './row.ts'

const { values } = parseArgs({ options: { json: { type: 'boolean', default: false }, only: { type: 'string' }, minutes: { type: 'string', default: '1' } } })
/** Of the wall: `--minutes 5` for the whole of it. */
const minutes = Math.min(60, Math.max(0.5, Number(values.minutes) || 1))

/**
 * Each group makes its rows in one run, so that ratios are taken under the same weather. The fleet first: its memory is that of this
 * process, and the images of the others would count. Each is loaded when it is its turn: what others need is no memory of this one.
 */
const groups: Readonly<Record<string, () => Promise<BenchRow[]>>> = {
  fleet: async () => (await import('./fleet.ts')).fleetRows(), restore: async () => (await import('./restore.ts')).restoreRows(), tftp: async () => (await import('./tftp.ts')).tftpRows(),
  bootrom: async () => (await import('./bootrom.ts')).bootromRows(), agent: async () => (await import('./agent.ts')).agentRows(), dump: async () => (await import('./dump.ts')).dumpRows(),
  ubi: async () => (await import('./ubi.ts')).ubiRows(), delta: async () => (await import('./delta.ts')).deltaRows(), ota: async () => (await import('./ota.ts')).otaRows(),
  captures: async () => (await import('./captures.ts')).captureRows(), registry: async () => (await import('./registry.ts')).registryRows(), batch: async () => (await import('./batch.ts')).batchRows(),
  consoles: async () => (await import('./batchConsoles.ts')).batchConsoleRows(), fleet6: async () => (await import('./fleetCommands.ts')).fleetCommandRows(), wall: async () => (await import('./wall.ts')).wallRows(minutes),
  cpu: async () => (await import('./cpu.ts')).cpuRows(), window: async () => (await import('./wall.ts')).largeCaptureRows(), updater: async () => (await import('./updater.ts')).updaterRows(),
}

const only = values.only?.toLowerCase()
const machine = `${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}, ${process.platform}`
const rows: BenchRow[] = []
for (const [name, make] of Object.entries(groups)) {
  // A group's name runs the group; anything else is looked for in the rows of all groups.
  if (only !== undefined && only in groups && only !== name) continue
  rows.push(...await make())
}
const shown = only === undefined || only in groups ? rows : rows.filter((row) => row.name.toLowerCase().includes(only))
if (shown.length === 0) {
  process.stderr.write(`There is no row "${values.only ?? ''}"; groups: ${Object.keys(groups).join(', ')}\n`)
  process.exitCode = 2
} else if (values.json) {
  process.stdout.write(`${JSON.stringify({ machine, rows: shown })}\n`)
} else {
  const width = Math.max(...shown.map(({ name }) => name.length))
  process.stdout.write(`${machine}\n\n`)
  for (const { name, value, unit, goal, ok } of shown) {
    const figure = value >= 100 ? value.toFixed(0) : value.toFixed(2)
    process.stdout.write(`${ok ? '  ok  ' : 'MISSED'} ${name.padEnd(width)} ${figure.padStart(9)} ${unit.padEnd(5)} ${goal}\n`)
  }
}
if (shown.some(({ ok }) => !ok)) process.exitCode = 1
