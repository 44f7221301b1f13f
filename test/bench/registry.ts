import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as wait } from 'node:timers/promises'
import { makeNodeImage } from '../../src/main/sim/node/nodeImage.ts'
import { startNginx, type WebServer } from '../support/nginxPeer.ts'
import type { BenchRow } from './row.ts'

const nodes = 100_000
const perSecond = nodes / 300
const pollSeconds = 15
const imageBytes = 1_500_000
const downloads = 100
const rounds = 7

/** Nodes that ask when it is their turn, and downloads of one image beside nginx, in alternating order in the same run. */
export async function registryRows(note: (line: string) => void = (line) => { process.stderr.write(`${line}\n`) }): Promise<BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'rackbench-registry-'))
  const file = join(folder, 'fw-1.1.0.bin')
  writeFileSync(file, makeNodeImage({ version: '1.1.0', sizeBytes: imageBytes }))
  chmodSync(folder, 0o755)
  const servers: WebServer[] = []
  try {
    const ours = await startOurs(folder, file)
    servers.push(ours)
    const rows = [await pollRow(ours, note)]
    const nginx = await startNginx(folder, file, 'api/v1/firmware/download')
    if (!nginx) note('registry: nginx is not here, or did not start; the comparison is left out')
    if (nginx) servers.push(nginx)
    rows.push(...await downloadRows(servers, note))
    return rows
  } finally {
    for (const server of servers) await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** At an even pace and never waiting for the answer before: a slow answer is late for itself alone. */
async function pollRow({ url }: WebServer, note: (line: string) => void): Promise<BenchRow> {
  const times: number[] = []
  const asking: Promise<void>[] = []
  const total = Math.round(perSecond * pollSeconds)
  const startedMs = performance.now()
  for (let sent = 0; sent < total; sent += 1) {
    const dueMs = startedMs + sent * 1000 / perSecond
    if (performance.now() < dueMs) await wait(dueMs - performance.now())
    const fromMs = performance.now()
    // Spread over all of them, so that the registry remembers as many as it would in a day.
    asking.push(fetchAll(`${url}/api/v1/firmware/latest?node=n${(sent * 7919) % nodes}&running=1.0.0`).then((bytes) => {
      if (bytes < 100) throw new Error('a node got no answer')
      times.push(performance.now() - fromMs)
    }))
  }
  await Promise.all(asking)
  const tookMs = performance.now() - startedMs
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? 0
  note(`registry: ${total} polls in ${(tookMs / 1000).toFixed(1)} s (${(total / tookMs * 1000).toFixed(0)} per second), ms: median ${at(0.5).toFixed(2)}, p99 ${at(0.99).toFixed(2)}, longest ${at(0.9999).toFixed(2)}`)
  const p99 = at(0.99)
  return { name: `registry: 100,000 nodes each 300 s (${Math.round(perSecond)} polls/s), p99`, value: p99, unit: 'ms', goal: 'under 10', ok: p99 < 10 && total / tookMs * 1000 > perSecond * 0.98 }
}

async function downloadRows(servers: readonly WebServer[], note: (line: string) => void): Promise<BenchRow[]> {
  if (servers.length < 2) return []
  const rates = new Map<string, number[]>(servers.map(({ name }) => [name, []]))
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, url } of round % 2 === 0 ? servers : servers.toReversed()) rates.get(name)?.push(await downloadRate(`${url}/api/v1/firmware/download`))
  }
  const best = (name: string): number => Math.max(0, ...(rates.get(name) ?? []))
  note(`registry: downloads, MB/s, best of ${rounds}: ${servers.map(({ name }) => `${name} ${best(name).toFixed(0)}`).join(', ')}`)
  const ratio = best('ours') / best('nginx')
  return [{ name: `registry: downloads of ${imageBytes / 1e6} MB against nginx`, value: ratio, unit: 'x', goal: 'at least 0.5', ok: ratio >= 0.5 }]
}

/** Eight at a time, as nodes of a rollout come. */
async function downloadRate(url: string): Promise<number> {
  const fromMs = performance.now()
  let left = downloads
  await Promise.all(Array.from({ length: 8 }, async () => {
    while (left > 0) {
      left -= 1
      if (await fetchAll(url) !== imageBytes) throw new Error(`${url} gave another number of bytes`)
    }
  }))
  return downloads * imageBytes / 1e3 / (performance.now() - fromMs)
}

async function fetchAll(url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = get(url, { agent: false }, (response) => {
      let bytes = 0
      response.on('data', (piece: Uint8Array) => { bytes += piece.length })
      response.on('end', () => { resolve(response.statusCode === 200 ? bytes : 0) })
      response.on('error', reject)
    })
    asked.on('error', reject)
  })
}

async function startOurs(folder: string, file: string): Promise<WebServer> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'registryServerProcess.ts'), join(folder, 'registry'), file], { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  const [first] = await Promise.race([once(child.stdout, 'data'), ended.then(() => { throw new Error('our registry did not start') })])
  return { name: 'ours', url: `http://127.0.0.1:${Number(String(first))}`, stop: async () => { child.stdin.end(); await ended } }
}
