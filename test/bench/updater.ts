import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream, createWriteStream, readFileSync } from 'node:fs'
import { mkdtemp, readlink, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { ZipFile } from 'yazl'
import { createAppliance } from '../../src/main/core/ota/updater/appliance.ts'
import { newDigest } from '../../src/main/drivers/host/digest.ts'
import { createSystemClock } from '../../src/main/drivers/host/systemClock.ts'
import { createSystemctlServices } from '../../src/main/drivers/services/systemctl.ts'
import { measurePackage, openPackageHost } from '../../src/main/drivers/updater/packageHost.ts'
import { openLocalFs } from '../../src/main/drivers/deviceFs/localFs.ts'
import { applianceServices, createSimAppliance, serviceProgram } from '../../src/main/sim/appliance/applianceTree.ts'
import type { BenchRow } from './row.ts'

const mib = 2 ** 20
const packageBytes = 2 * 1024 * mib
const switches = 40

export async function updaterRows(): Promise<BenchRow[]> {
  return [...await switchRows(), ...await largePackageRows()]
}

/** The two links as one transaction, its journal and all syncs included; beside it the bare step by which `current` changes. */
async function switchRows(): Promise<BenchRow[]> {
  const root = await mkdtemp(join(tmpdir(), 'rackbench-bench-'))
  try {
    const { systemctl } = await createSimAppliance({ root, versions: ['1.0.0', '1.1.0'] })
    const clock = createSystemClock()
    const fs = await openLocalFs(root)
    const { signal } = new AbortController()
    let swapMs = 0
    // What a service that starts in between could see: the rename alone.
    const timed = { ...fs, rename: async (from: string, to: string, given: AbortSignal) => { const startMs = performance.now(); await fs.rename(from, to, given); if (to.endsWith('/current')) swapMs = Math.max(swapMs, performance.now() - startMs) } }
    let ids = 0
    const { snapshots } = createAppliance({ fs: timed, services: createSystemctlServices({ program: systemctl, clock }), clock, newDigest, newId: () => `bench-${ids += 1}`, allowsCommands: false })
    const took: number[] = []
    for (let round = 0; round < switches; round += 1) {
      const startMs = performance.now()
      await snapshots.promote(round % 2 === 0 ? '1.0.0' : '1.1.0', signal)
      took.push(performance.now() - startMs)
    }
    if (await readlink(join(root, 'opt/tope/versions/current')) !== 'v1.1.0') throw new Error('the bench did not switch')
    const median = took.sort((a, b) => a - b)[switches / 2] ?? Number.NaN
    return [
      { name: 'updater: the step by which a version becomes current', value: swapMs, unit: 'ms', goal: `under 5, the slowest of ${switches}`, ok: swapMs < 5 },
      { name: 'updater: both links as a transaction, synced', value: median, unit: 'ms', goal: 'told; it waits for the disk', ok: true },
    ]
  } finally {
    await rm(root, { recursive: true, force: true })
  }
}

/** As a process of its own, whose memory is that of the updater alone. */
async function largePackageRows(): Promise<BenchRow[]> {
  const root = await mkdtemp(join(tmpdir(), 'rackbench-bench-'))
  const path = join(root, 'large.zip')
  let mostKib = 0
  try {
    const { systemctl } = await createSimAppliance({ root, versions: ['1.0.0'] })
    await writeLargePackage(path)
    const facts = await measurePackage(path, new AbortController().signal)
    const host = await openPackageHost({ host: '127.0.0.1', port: 0, facts })
    const child = spawn(process.execPath, [join(import.meta.dirname, '../../src/main/hosts/cli/bin.mjs'), 'updater', 'serve', '--root', root, '--port', '0', '--report', 'none', '--systemctl', systemctl, '--output', 'json'], { stdio: ['ignore', 'pipe', 'ignore'] })
    const ended = once(child, 'exit')
    try {
      const [line] = await once(child.stdout, 'data') as [Buffer]
      const { url } = JSON.parse(line.toString().split('\n')[0] ?? '') as { url: string }
      const ask = async (name: string, body?: object): Promise<{ data?: { stage: string; error: string | null } }> => (await fetch(new URL(`/api/v1.0/${name}`, url), body ? { method: 'POST', body: JSON.stringify(body) } : {})).json() as Promise<object>
      const slowest = { ms: 0 }
      const until = async (stage: string): Promise<void> => {
        for (let attempt = 0; attempt < 36_000; attempt += 1) {
          const startMs = performance.now()
          const { data } = await ask('progress')
          slowest.ms = Math.max(slowest.ms, performance.now() - startMs)
          mostKib = Math.max(mostKib, residentKib(child.pid ?? 0))
          if (data?.stage === stage) return
          if (data?.stage === 'failed') throw new Error(data.error ?? 'failed')
          await new Promise((resolve) => { setTimeout(resolve, 50) })
        }
        throw new Error(`never ${stage}`)
      }
      const startMs = performance.now()
      await ask('download', { version: '1.1.0', package_url: `http://127.0.0.1:${host.port}/${facts.name}`, package_name: facts.name, package_size: facts.sizeBytes, package_md5: facts.md5, package_sha256: facts.sha256 })
      await until('toInstall')
      await ask('update', { version: '1.1.0' })
      await until('success')
      const seconds = (performance.now() - startMs) / 1000
      const deployed = join(root, 'opt/tope/versions/current/data/large')
      if ((await stat(deployed)).size !== packageBytes) throw new Error('the package did not arrive whole')
      const mostMib = mostKib / 1024
      return [
        { name: 'updater: memory while 2 GiB are fetched, proved and deployed', value: mostMib, unit: 'MiB', goal: 'under 150', ok: mostMib < 150 },
        { name: 'updater: 2 GiB fetched, proved and deployed', value: seconds, unit: 's', goal: 'told, five of them health', ok: true },
        { name: 'updater: slowest answer about progress meanwhile', value: slowest.ms, unit: 'ms', goal: 'under 100', ok: slowest.ms < 100 },
      ]
    } finally {
      child.kill('SIGTERM')
      await ended
      await host.close()
    }
  } finally {
    await rm(root, { recursive: true, force: true })
  }
}

const residentKib = (pid: number): number => {
  try { return Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) } catch { return 0 /* it has ended */ }
}

async function writeLargePackage(path: string): Promise<void> {
  const zip = new ZipFile()
  const modules = [
    ...applianceServices.map((name) => ({ name, src: `modules/${name}`, dst: `/opt/tope/services/${name}/${name}`, process_name: `${name}.service` })),
    { name: 'large', src: 'modules/large', dst: '/opt/tope/data/large' },
  ]
  zip.addBuffer(Buffer.from(JSON.stringify({ version: '1.1.0', modules })), 'manifest.json')
  for (const name of applianceServices) zip.addBuffer(Buffer.from(serviceProgram(name, '1.1.0')), `modules/${name}`, { mode: 0o100755 })
  const piece = randomBytes(mib)
  function* pieces(): Generator<Uint8Array, void, void> { for (let sent = 0; sent < packageBytes; sent += mib) yield piece }
  zip.addReadStream(Readable.from(pieces(), { objectMode: false }), 'modules/large', { compress: false, size: packageBytes })
  zip.end()
  await pipeline(zip.outputStream as Readable, createWriteStream(path))
  // Read once, so that both sides find it warm.
  const hash = createHash('sha256')
  for await (const part of createReadStream(path, { highWaterMark: mib }) as AsyncIterable<Uint8Array>) hash.update(part)
}
