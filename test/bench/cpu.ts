import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { webHostFlags } from '../../src/main/hosts/cli/start.ts'
import { cameraIdSchema } from '../../src/shared/devices/ids.ts'
import { type LaneRequest, unbundleLaneFrames } from '../../src/shared/rpc/byteLane.ts'
import type { BenchRow } from './row.ts'
import { profileFlags, start } from './talker.ts'

const consoles = 100
/** What is loaded by then stays loaded. */
const warmBytes = 8e6
const measuredBytes = 24e6
/** 100 consoles at 115200 baud. */
const megabytesPerSecond = 1.152
const limitMs = 300_000

/**
 * What the wall costs the workbench for each megabyte, with a viewer and captures but without a browser: time of the processor and not of
 * the clock, so that other work on this computer hardly counts.
 */
export async function cpuRows(): Promise<BenchRow[]> {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-bench-'))
  const uarts = await start<number[]>('uartsProcess.ts', [], [String(consoles)])
  const host = await start<{ url: string; cameras: string[] }>('wallHostProcess.ts', ['--expose-gc', ...webHostFlags, ...profileFlags], [folder, JSON.stringify(uarts.hello)])
  const viewer = await openViewer(host.hello.url, host.hello.cameras)
  try {
    await uarts.ask('start')
    await viewer.until(warmBytes)
    const before = await host.ask<{ cpuMs: number; mainMs: number; indexMs: number }>('use')
    const from = viewer.bytes()
    await viewer.until(from + measuredBytes)
    const now = await host.ask<{ cpuMs: number; mainMs: number; indexMs: number }>('use')
    const megabytes = (viewer.bytes() - from) / 1e6
    const sent = await uarts.ask<{ bytes: number; pieces: number }[]>('stop')
    const pieces = sum(sent.map((uart) => uart.pieces)) / sum(sent.map((uart) => uart.bytes)) * 1e6
    const [all, main, index] = [(now.cpuMs - before.cpuMs) / megabytes, (now.mainMs - before.mainMs) / megabytes, (now.indexMs - before.indexMs) / megabytes]
    return [
      { name: `processor for a megabyte of ${consoles} consoles, the main process`, value: all, unit: 'ms/MB', goal: `<= ${Math.floor(400 / megabytesPerSecond)} (40 % of a core)`, ok: all <= 400 / megabytesPerSecond },
      { name: `processor for a megabyte of ${consoles} consoles, the main thread`, value: main, unit: 'ms/MB', goal: 'told', ok: true },
      { name: 'processor for a megabyte of them, the process of the search index, of low priority', value: index, unit: 'ms/MB', goal: 'told', ok: true },
      { name: 'pieces that a megabyte of them came in (5430 from UARTs that kept time)', value: pieces, unit: '/MB', goal: 'told', ok: true },
    ]
  } finally {
    viewer.close()
    await uarts.end()
    await host.end()
    await rm(folder, { recursive: true, force: true })
  }
}

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0)

interface BenchViewer { bytes(): number; until(bytes: number): Promise<void>; close(): void }

/** As the page looks at a wall. */
async function openViewer(url: string, cameras: readonly string[]): Promise<BenchViewer> {
  const { host, hash } = new URL(url)
  const socket = new WebSocket(`ws://${host}/bytes`, { origin: `http://${host}`, perMessageDeflate: false })
  await once(socket, 'open')
  let bytes = 0
  socket.on('message', (data, isBinary) => {
    if (!isBinary || !(data instanceof Buffer)) return
    for (const frame of unbundleLaneFrames(data)) bytes += frame.bytes.length + frame.skippedBytes
  })
  socket.send(JSON.stringify({ token: hash.slice('#token='.length) }))
  for (const camera of cameras) socket.send(JSON.stringify({ do: 'watch', camera: cameraIdSchema.parse(camera), after: 0, onlyEnd: true } satisfies LaneRequest))
  return {
    bytes: () => bytes,
    until: async (wanted) => {
      const giveUpMs = performance.now() + limitMs
      while (bytes < wanted) {
        if (performance.now() > giveUpMs) throw new Error(`only ${bytes} of ${wanted} bytes came`)
        await after(100)
      }
    },
    close: () => { socket.terminate() },
  }
}
