import { mkdtemp, rm, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type CaptureIndex, openCaptureIndex } from '../../src/main/drivers/storage/captureIndex/captureIndex.ts'
import type { LineQuery } from '../../src/main/drivers/storage/captureIndex/searchLines.ts'
import { createCaptureDisk } from '../../src/main/drivers/storage/captures/captureDisk.ts'
import { type CaptureStore, newSessionId, openCaptureStore } from '../../src/main/drivers/storage/captures/captureStore.ts'
import { createPart } from '../../src/main/drivers/storage/captures/partFile.ts'
import { readSession } from '../../src/main/drivers/storage/captures/sessionReader.ts'
import { createSystemClock } from '../../src/main/drivers/host/systemClock.ts'
import { indexRecordBytes } from '../../src/main/protocols/captureLog/frame.ts'
import { captureSettingsSchema } from '../../src/shared/captures/captures.schema.ts'
import type { CameraId } from '../../src/shared/devices/ids.ts'
import type { Clock } from '../../src/shared/lifecycle/clock.ts'
import type { BenchRow } from './row.ts'

const cameras = 100
const never = new AbortController().signal
/** `RACKBENCH_BENCH_LINES=1000000` for a quick look. */
const searchedLines = Number(process.env['RACKBENCH_BENCH_LINES'] ?? 10_000_000)
const gigabyte = 1e9

const cameraAt = (index: number): { readonly id: CameraId; readonly name: string; readonly chip: string } => ({ id: `cam-${index}` as CameraId, name: `Camera ${index}`, chip: 'hi3516ev300' })
const storeIn = (folder: string, clock: Clock): CaptureStore => openCaptureStore({
  folder, clock, disk: createCaptureDisk(), self: 'bench', isAlive: () => false, log: () => undefined, settings: captureSettingsSchema.parse({ quotaBytes: 1e12, reserveBytes: 0, partBytes: 2 ** 31 }),
})
/** All of its times at another pace, the wall clock too: records are told apart by it. */
function fastClock(factor: number): Clock {
  const base = createSystemClock()
  const [startMs, startWallMs] = [base.nowMs(), base.wallMs()]
  const nowMs = (): number => (base.nowMs() - startMs) * factor
  return { nowMs, wallMs: () => startWallMs + nowMs(), zoneMs: () => 0, sleep: async (durationMs, signal) => base.sleep(durationMs / factor, signal) }
}

/** Captures: what they cost while a rack talks, how fast they are searched, and how soon a large one opens. */
export async function captureRows(): Promise<BenchRow[]> {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-bench-'))
  try {
    return [...await appendRows(join(folder, 'append')), ...await openRows(join(folder, 'large')), ...await searchRows(join(folder, 'search'), join(folder, 'index.sqlite'))]
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** What is garbage, or was given back and not yet taken by the system, does not count. */
function heldBytes(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** Three minutes of 100 consoles at 115200 baud, ten times as fast as life. */
async function appendRows(folder: string): Promise<BenchRow[]> {
  const pace = 10
  const seconds = 180
  const clock = fastClock(pace)
  const store = storeIn(folder, clock)
  const taps = Array.from({ length: cameras }, (_, index) => store.open(cameraAt(index)))
  const chunk = new TextEncoder().encode('[   12.345678] mmc0: new high speed SDHC card at address aaaa, 7580 MiB, irq 42, ready\r\n'.repeat(2).slice(0, 115))
  // Both the feeding and the store are counted.
  const cpu = process.cpuUsage()
  let fed = 0
  let earlyBytes = 0
  for (let tick = 0; tick < seconds * 100; tick += 1) {
    for (const tap of taps) tap.received(chunk.slice())
    fed += chunk.length * cameras
    const aheadMs = (tick + 1) * 10 - clock.nowMs()
    if (aheadMs > 20) await clock.sleep(aheadMs, never)
    if (tick === 60 * 100) earlyBytes = heldBytes()
  }
  const { user, system } = process.cpuUsage(cpu)
  const grownBytes = heldBytes() - earlyBytes
  await Promise.all(taps.map(async (tap) => tap.close()))
  const kept = (await store.parts()).reduce((sum, part) => sum + part.rawBytes, 0)
  await store.close()
  const share = (user + system) / 1e6 / seconds
  return [
    { name: `capture of ${cameras} consoles at 115200 baud, one core`, value: 100 * share, unit: '%', goal: '< 15', ok: share < 0.15 },
    { name: 'capture, bytes missing', value: fed - kept, unit: 'B', goal: '0', ok: fed === kept },
    { name: 'capture, memory held grown after the first minute', value: grownBytes / 1e6, unit: 'MB', goal: '< 5', ok: grownBytes < 5e6 },
  ]
}

/** A gigabyte as a UART fills it: a record for every 115 bytes. */
async function openRows(folder: string): Promise<BenchRow[]> {
  const clock = createSystemClock()
  const writer = await createPart(createCaptureDisk(), folder, '{camera}-{session}-{part}', {
    rackbench: 'capture', version: 1, camera: cameraAt(0).id, cameraName: 'Large', chip: '', session: newSessionId(clock.wallMs()), part: 1, startOffset: 0, startedAtMs: clock.wallMs(), process: 'gone',
  })
  const records = Array.from({ length: 10_000 }, () => ({ kind: 'rx' as const, atMs: clock.wallMs(), lengthBytes: 115 }))
  const bytes = [new Uint8Array(1_150_000).fill(0x41)]
  while (writer.part.rawBytes < gigabyte) await writer.append(records, bytes)
  await writer.end(clock.wallMs())
  // Without its end, the worst case: a program that was killed, whose capture is looked at and cut first.
  await truncate(`${writer.part.base}.idx`, writer.part.indexBytes - indexRecordBytes)
  const open = async (offset: number): Promise<number> => {
    const started = performance.now()
    const store = storeIn(folder, clock)
    for await (const piece of readSession(await store.parts(), { offset }, never)) if (piece.bytes.length > 0) break
    const tookMs = performance.now() - started
    await store.close()
    return tookMs
  }
  const first = await open(0)
  const middle = await open(gigabyte / 2)
  return [
    { name: 'first line of a 1 GB capture after a crash', value: first, unit: 'ms', goal: '< 500', ok: first < 500 },
    { name: 'a line in the middle of it', value: middle, unit: 'ms', goal: '< 500', ok: middle < 500 },
  ]
}

const said = (index: number): string => {
  const seconds = `[${(index * 0.00137).toFixed(6).padStart(12)}]`
  if (index % 100_003 === 7) return `${seconds} Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(31,${index % 8})`
  if (index % 1_009 === 3) return `${seconds} nand: ECC error in block ${index % 2_048}, page 0x${(index % 64).toString(16)}`
  switch (index % 5) {
    case 0: return `${seconds} eth0: link up, ${index % 3 === 0 ? 100 : 10}Mbps, full duplex`
    case 1: return `${seconds} mmc0: new high speed SDHC card at address ${(index % 65_536).toString(16)}`
    case 2: return `majestic: sensor${index % 4} exposure ${index % 9_973} gain ${index % 127}`
    case 3: return `${seconds} temperature of the SoC is ${30 + (index % 60)} degrees`
    default: return `watchdog: fed by pid ${index % 32_768} after ${index % 1_000} ms`
  }
}

async function searchRows(folder: string, file: string): Promise<BenchRow[]> {
  const system = createSystemClock()
  let wallMs = Date.UTC(2026, 0, 1)
  const store = storeIn(folder, { ...system, wallMs: () => wallMs })
  const taps = Array.from({ length: cameras }, (_, index) => store.open(cameraAt(index)))
  const encoder = new TextEncoder()
  for (let line = 0; line < searchedLines;) {
    for (const tap of taps) {
      const some = Array.from({ length: Math.min(100, searchedLines - line) }, (_, index) => said(line + index))
      if (some.length > 0) tap.received(encoder.encode(`${some.join('\n')}\n`))
      line += some.length
      wallMs += 10
    }
    await store.flush()
  }
  await Promise.all(taps.map(async (tap) => tap.close()))
  const started = performance.now()
  const index = openCaptureIndex({ file, parts: async () => store.parts(), clock: system, tell: () => undefined })
  await index.caughtUp(never)
  const perSecond = searchedLines / ((performance.now() - started) / 1000)
  const words = await p95(index, [
    ['panic'], ['kernel panic'], ['ECC error'], ['link up'], ['temperature 77'], ['watchdog fed'], ['nothing like this'], ['exposure 4711'], ['panic', ['cam-3']], ['link', ['cam-42']], ['ecc', ['cam-1', 'cam-2']],
  ].map(([text, of]) => ({ words: text as string, cameras: (of ?? []) as string[] })))
  const patterns = await p95(index, [
    'panic.*VFS', 'Unable to mount root fs on unknown-block\\(31,\\d\\)', 'ECC error in block \\d+, page 0x1f', 'eth\\d: link (up|down)', 'temperature of the SoC is 8[5-9] degrees', 'no such (line|word) anywhere', 'exposure 4711 gain 1\\d\\d',
    'fed by pid 777 after', 'sensor[13] exposure', '^\\[ *\\d+\\.\\d+\\] nand',
  ].map((pattern) => ({ pattern })))
  await index.close()
  await store.close()
  const millions = `${searchedLines / 1e6} million lines`
  return [
    { name: `index of ${millions}`, value: perSecond / 1000, unit: 'k/s', goal: '> 20', ok: perSecond > 20_000 },
    { name: `words in ${millions}, p95`, value: words, unit: 'ms', goal: '< 100', ok: words < 100 },
    { name: `pattern in ${millions}, p95`, value: patterns, unit: 'ms', goal: '< 1000', ok: patterns < 1000 },
  ]
}

/** Each query five times; the first round warms what a program that runs all day has warm. */
async function p95(index: CaptureIndex, queries: readonly Partial<LineQuery>[]): Promise<number> {
  const times: number[] = []
  for (let round = 0; round < 6; round += 1) {
    for (const each of queries) {
      const started = performance.now()
      const page = await index.search({ ignoreCase: false, cameras: [], limit: 100, limitMs: 10_000, ...each }, never)
      if (round > 0) times.push(performance.now() - started)
      if (process.env['RACKBENCH_BENCH_DETAILS'] !== undefined && round === 1) process.stderr.write(`${(times.at(-1) ?? 0).toFixed(1).padStart(8)} ms ${page.lines.length} lines${page.isStopped ? ', stopped' : ''} ${JSON.stringify(each)}\n`)
    }
  }
  return times.sort((a, b) => a - b)[Math.floor(times.length * 0.95)] ?? 0
}
