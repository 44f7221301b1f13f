import { cpus, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import { agentRows } from './agent.ts'
import { batchRows } from './batch.ts'
import { bootromRows } from './bootrom.ts'
import { captureRows } from './captures.ts'
import { cpuRows } from './cpu.ts'
import { deltaRows } from './delta.ts'
import { dumpRows } from './dump.ts'
import { fleetRows } from './fleet.ts'
import { fleetCommandRows } from './fleetCommands.ts'
import { registryRows } from './registry.ts'
import { otaRows } from './ota.ts'
import { restoreRows } from './restore.ts'
import type { BenchRow } from './row.ts'
import { tftpRows } from './tftp.ts'
import { ubiRows } from './ubi.ts'
import { updaterRows } from './updater.ts'
import { largeCaptureRows, wallRows } from './wall.ts'

const { values } = parseArgs({ options: { json: { type: 'boolean', default: false }, only: { type: 'string' }, minutes: { type: 'string', default: '1' } } })
/** Of the wall: `--minutes 5` for the whole of it. */
const minutes = Math.min(60, Math.max(0.5, Number(values.minutes) || 1))

/**
 * Each group makes its rows in one run, so that ratios are taken under the same weather. The fleet first: its memory is that of this
 * process, and the images of the others would count.
 */
const groups: Readonly<Record<string, () => Promise<BenchRow[]>>> = {
  fleet: fleetRows, restore: restoreRows, tftp: tftpRows, bootrom: bootromRows, agent: agentRows, dump: dumpRows, ubi: ubiRows, delta: deltaRows, ota: otaRows,
  captures: captureRows, registry: registryRows, batch: batchRows, fleet6: fleetCommandRows, wall: async () => wallRows(minutes), cpu: cpuRows, window: largeCaptureRows, updater: updaterRows,
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
