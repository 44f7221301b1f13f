import { spawn } from 'node:child_process'
import { randomFillSync } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { openLossyProxy } from '../support/lossyProxy.ts'
import { createSeededRandom } from '../support/seededRandom.ts'
import { findProgram, startAtftpd, startDnsmasq, startTftpdHpa, type PeerServer } from '../support/tftpPeerServers.ts'
import type { BenchRow } from './row.ts'

const fileBytes = 8 * 1024 * 1024
const rounds = 7

interface Way {
  readonly name: string
  readonly client: 'curl' | 'atftp'
  readonly options: (port: number, target: string) => string[]
}

const withCurl = (blockBytes: number): Way => ({
  name: `${blockBytes} bytes, no window`, client: 'curl',
  options: (port, target) => ['-sS', '--max-time', '60', '--tftp-blksize', String(blockBytes), '-o', target, `tftp://127.0.0.1:${port}/file`],
})
const withAtftp = (windowBlocks: number): Way => ({
  name: `1428 bytes, window ${windowBlocks}`, client: 'atftp',
  options: (port, target) => ['--option', 'blksize 1428', '--option', `windowsize ${windowBlocks}`, '-g', '-r', 'file', '-l', target, '127.0.0.1', String(port)],
})

/** Our server against Debian's, same client and options, in alternating order; what counts is the best of several. */
export async function tftpRows(note: (line: string) => void = (line) => { process.stderr.write(`${line}\n`) }): Promise<BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'rackbench-tftp-'))
  const file = join(folder, 'file')
  const content = randomFillSync(Buffer.alloc(fileBytes))
  writeFileSync(file, content)
  chmodSync(folder, 0o755)
  chmodSync(file, 0o644)
  const servers: PeerServer[] = []
  try {
    servers.push(await startOurs(file))
    for (const start of [startTftpdHpa, startAtftpd, startDnsmasq]) {
      const peer = await start(folder, (line) => { note(`tftp: ${line}; its comparison is left out`) })
      if (peer) servers.push(peer)
    }
    const rows: BenchRow[] = []
    for (const blockBytes of [512, 1428]) rows.push(...await comparedRows(servers, withCurl(blockBytes), 'best', content, note))
    for (const windowBlocks of [8, 16]) rows.push(...await comparedRows(servers, withAtftp(windowBlocks), 'tftpd-hpa', content, note))
    rows.push(...await lossRows(servers[0], content, note))
    return rows
  } finally {
    for (const server of servers) await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function startOurs(file: string): Promise<PeerServer> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'tftpServerProcess.ts'), file], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  const [first] = await Promise.race([once(child.stdout, 'data'), ended.then(() => { throw new Error('our TFTP server did not start') })])
  return { name: 'ours', port: Number(String(first)), stop: async () => { child.kill('SIGTERM'); await ended } }
}

async function comparedRows(servers: readonly PeerServer[], way: Way, against: 'best' | 'tftpd-hpa', content: Buffer, note: (line: string) => void): Promise<BenchRow[]> {
  if (!findProgram(way.client)) { note(`tftp: ${way.client} is not installed; ${way.name} is left out`); return [] }
  const rates = new Map<string, number[]>(servers.map(({ name }) => [name, []]))
  for (let round = 0; round < rounds; round += 1) {
    const order = round % 2 === 0 ? servers : servers.toReversed()
    for (const { name, port } of order) rates.get(name)?.push(fileBytes / 1e3 / await fetchMs(way, port, content))
  }
  const best = (name: string): number => Math.max(0, ...(rates.get(name) ?? []))
  note(`tftp: ${way.name}, MB/s, best (median): ${servers.map(({ name }) => `${name} ${best(name).toFixed(1)} (${median(rates.get(name) ?? []).toFixed(1)})`).join(', ')}`)
  const ours = best('ours')
  const speed: BenchRow = { name: `TFTP ${way.name}`, value: round1(ours), unit: 'MB/s', goal: 'for information', ok: true }
  const others = servers.filter(({ name }) => name !== 'ours' && (against === 'best' || name === against)).map(({ name }) => best(name))
  if (others.length === 0) return [speed]
  const ratio = ours / Math.max(...others)
  const least = against === 'best' ? 0.9 : 2
  const rival = against === 'best' ? `the best of ${others.length}` : against
  return [speed, { name: `TFTP ${way.name}, against ${rival}`, value: Math.round(ratio * 100) / 100, unit: 'times', goal: `at least ${least}`, ok: ratio >= least }]
}

async function lossRows(ours: PeerServer | undefined, content: Buffer, note: (line: string) => void): Promise<BenchRow[]> {
  const rows: BenchRow[] = []
  for (const way of [withCurl(1428), withAtftp(16)]) {
    if (!ours || !findProgram(way.client)) { note(`tftp: ${way.client} is not installed; loss with ${way.name} is left out`); continue }
    const proxy = await openLossyProxy(ours.port, 0.01, createSeededRandom(20_261_121))
    try {
      const elapsedMs = await fetchMs(way, proxy.port, content)
      note(`tftp: 1 % loss, ${way.name}: ${proxy.lost} of ${proxy.lost + proxy.passed} packets lost, ${Math.round(elapsedMs)} ms`)
      const value = Math.round(proxy.longestStallMs)
      rows.push({ name: `TFTP 8 MiB at 1 % loss, ${way.name}, longest stall`, value, unit: 'ms', goal: 'at most 500', ok: value <= 500 })
    } finally {
      await proxy.close()
    }
  }
  return rows
}

/** Wall time of the client program. Throws unless the very bytes arrived. */
async function fetchMs(way: Way, port: number, content: Buffer): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'rackbench-fetch-'))
  try {
    const target = join(folder, 'got')
    const startedMs = performance.now()
    const child = spawn(way.client, way.options(port, target), { stdio: 'ignore' })
    const [code] = await once(child, 'exit') as [number | null]
    const elapsedMs = performance.now() - startedMs
    if (code !== 0) throw new Error(`${way.client} ended with ${code} (port ${port}, ${way.name})`)
    if (!content.equals(readFileSync(target))) throw new Error(`${way.client} got other bytes (port ${port}, ${way.name})`)
    return elapsedMs
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}

const round1 = (value: number): number => Math.round(value * 10) / 10
