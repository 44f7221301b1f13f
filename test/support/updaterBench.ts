import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { runUpdater, type UpdaterServiceOptions } from '../../src/main/composition/updaterService.ts'
import { applianceServices, createSimAppliance, serviceProgram, type SimAppliance } from '../../src/main/sim/appliance/applianceTree.ts'
import type { UpdaterAnswer } from '../../src/shared/ota/updater.schema.ts'
import { createDeferred } from '../../src/shared/lifecycle/signals.ts'
import { type FileServer, openFileServer } from './fileServer.ts'
import { createHurriedClock, type HurriedClock } from './hurriedClock.ts'
import { buildZip, type ZipEntry } from './zipBuilder.ts'

export const hashHex = (algorithm: string, bytes: Uint8Array): string => createHash(algorithm).update(bytes).digest('hex')

/** A package with both services of the simulated appliance, of which one may misbehave. */
export function appliancePackage(version: string, conduct = 'works', more: readonly ZipEntry[] = []): Uint8Array {
  const modules = applianceServices.map((name, index) => ({ name, src: `modules/${name}`, dst: `/opt/tope/services/${name}/${name}`, process_name: `${name}.service`, restart_order: index }))
  return buildZip([
    { name: 'manifest.json', bytes: Buffer.from(JSON.stringify({ version, modules })) },
    ...applianceServices.map((name) => ({ name: `modules/${name}`, bytes: Buffer.from(serviceProgram(name, version, name === 'motion-control' ? conduct : 'works')), mode: 0o100755 })), ...more,
  ])
}

export interface UpdaterBench {
  readonly root: string
  url(): string
  readonly appliance: SimAppliance
  readonly clock: HurriedClock
  readonly files: FileServer
  readonly log: readonly string[]
  ask(path: string, body?: unknown): Promise<UpdaterAnswer & { readonly httpStatus: number }>
  /** A request for this package as it stands on the file server under `p.zip`, with changes. */
  request(bytes: Uint8Array, change?: object): object
  /** Asks until the stage is one of these; bounded. */
  until(...stages: string[]): Promise<UpdaterAnswer>
  stop(): Promise<void>
  start(more?: Partial<UpdaterServiceOptions>): Promise<void>
  state(): Promise<Record<string, unknown> | undefined>
  link(name: string): Promise<string | undefined>
  /** But for the lock, which lies there while it runs. */
  names(folder: string): Promise<readonly string[]>
}

/** A whole appliance in a folder, its updater on a port of its own, and a host for packages. */
export async function openUpdaterBench(options: Partial<UpdaterServiceOptions> & { readonly versions?: readonly string[]; readonly before?: (root: string) => Promise<void> } = {}): Promise<UpdaterBench> {
  const root = await mkdtemp(join(tmpdir(), 'rackbench-updater-'))
  const appliance = await createSimAppliance({ root, versions: options.versions ?? ['1.0.0', '1.1.0'] })
  const clock = createHurriedClock()
  const files = await openFileServer()
  const log: string[] = []
  let url = ''
  let over = new AbortController()
  let running: Promise<void> = Promise.resolve()
  const bench: UpdaterBench = {
    root, appliance, clock, files, log,
    url: () => url,
    ask: async (path, body) => {
      const response = await fetch(new URL(path, url), body === undefined ? {} : { method: 'POST', headers: { 'content-type': 'application/json' }, body: typeof body === 'string' ? body : JSON.stringify(body) })
      return { ...(await response.json() as UpdaterAnswer), httpStatus: response.status }
    },
    request: (bytes, change = {}) => ({ version: '1.2.0', package_url: `${files.url}p.zip`, package_name: 'p.zip', package_size: bytes.length, package_md5: hashHex('md5', bytes), ...change }),
    until: async (...stages) => {
      for (let attempt = 0; attempt < 2_000; attempt += 1) {
        const answer = await bench.ask('/api/v1.0/progress')
        if (stages.includes(answer.data?.stage ?? '')) return answer
        await new Promise((resolve) => { setTimeout(resolve, 5) })
      }
      throw new Error(`never ${stages.join(' or ')}: ${JSON.stringify(await bench.ask('/api/v1.0/progress'))}\n${log.join('\n')}`)
    },
    start: async (more = {}) => {
      const ready = createDeferred<void>()
      over = new AbortController()
      running = runUpdater({
        root, host: '127.0.0.1', port: 0, report: 'none', systemctl: appliance.systemctl, lab: false, allowsCommands: false, clock,
        log: (line) => { log.push(line) }, ...options, ...more, ready: (facts) => { url = facts.url; ready.resolve() },
      }, fetch, over.signal)
      running.catch((error: unknown) => { ready.reject(error) })
      await ready.promise
    },
    stop: async () => { over.abort(); await running },
    state: async () => readFile(join(root, 'tmp/state.json'), 'utf8').then((text) => JSON.parse(text) as Record<string, unknown>, () => undefined),
    link: async (name) => readlink(join(root, 'opt/tope/versions', name)).catch(() => undefined),
    names: async (folder) => (await readdir(join(root, folder))).filter((name) => name !== '.lock').sort(),
  }
  onTestFinished(async () => {
    await bench.stop().catch(() => undefined)
    await files.close()
    await rm(root, { recursive: true, force: true })
  })
  await options.before?.(root)
  await bench.start()
  return bench
}

export const writeState = (change: object) => async (root: string): Promise<void> => {
  await mkdir(join(root, 'tmp'), { recursive: true })
  await writeFile(join(root, 'tmp/state.json'), JSON.stringify({
    version: '1.2.0', package_url: 'http://127.0.0.1:9/p.zip', package_name: 'p.zip', package_size: 100, package_md5: 'a'.repeat(32), bytes_downloaded: 50, last_update: '2026-01-01T00:00:00.000Z', stage: 'downloading', verified_at: null, ...change,
  }))
}
