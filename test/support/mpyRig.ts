import { createHash, createHmac } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { makeReleaseManifest } from '../../src/main/composition/releaseTools.ts'
import type { MpyEvent, MpyOutcome, MpyRun } from '../../src/main/core/ota/mpy/mpyTypes.ts'
import { updateBoard } from '../../src/main/core/ota/mpy/updateBoard.ts'
import { newDigest } from '../../src/main/drivers/host/digest.ts'
import { openGithubMirror } from '../../src/main/drivers/http/githubMirror.ts'
import { createOtaFetch } from '../../src/main/drivers/http/otaFetch.ts'
import type { MemoryFs } from '../../src/main/sim/disk/memoryFs.ts'
import type { DeviceFs } from '../../src/shared/devices/deviceFs.ts'
import { mpyConfigSchema } from '../../src/shared/ota/mpyConfig.schema.ts'
import { never, type Tree } from './otaRig.ts'
import { createRealClock } from './realClock.ts'

/** A folder with those files, gone after the test. */
export async function folderOf(files: Tree): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-mpy-'))
  onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  return folder
}

export const manifestOf = async (folder: string, version: string, more: { readonly key?: string; readonly deletesPath?: string; readonly postUpdate?: string } = {}): Promise<void> => {
  await makeReleaseManifest({ folder, version, include: ['**'], exclude: [], generatedAt: '2026-01-02T03:04:05Z', ...more }, never)
}

export interface Asked { readonly method: string; readonly path: string }
export type Oddity = (request: IncomingMessage, response: ServerResponse, pass: () => void) => void

/** The real mirror behind a door that can be odd; every question is kept. */
export async function openSource(folder: string, oddity: Oddity = (_request, _response, pass) => { pass() }): Promise<{ readonly url: string; readonly asked: Asked[] }> {
  const mirror = await openGithubMirror({ folder, port: 0 }, never)
  onTestFinished(mirror.close)
  const asked: Asked[] = []
  const server = createServer((request, response) => {
    asked.push({ method: request.method ?? '', path: request.url ?? '' })
    const pass = (): void => {
      fetch(`${mirror.url}${request.url ?? ''}`, { method: request.method ?? 'GET', headers: { host: request.headers.host ?? '' } }).then(async (answer) => {
        const bytes = Buffer.from(await answer.arrayBuffer())
        // The mirror names itself in its answers; whoever asks stays at this door.
        const body = request.url?.endsWith('/releases/latest') === true ? Buffer.from(bytes.toString().replaceAll(mirror.url, url)) : bytes
        response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '', 'content-length': request.method === 'HEAD' ? answer.headers.get('content-length') ?? '0' : String(body.length) })
        response.end(request.method === 'HEAD' ? undefined : body)
      }, () => { response.destroy() })
    }
    oddity(request, response, pass)
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  onTestFinished(async () => { server.closeAllConnections(); await new Promise<void>((resolve) => { server.close(() => { resolve() }) }) })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { url, asked }
}

export interface MpyRig {
  readonly events: MpyEvent[]
  update(): Promise<MpyOutcome>
}

export function mpyRig(fs: DeviceFs, url: string, config: Readonly<Record<string, unknown>> = {}, more: Partial<Pick<MpyRun, 'leaves' | 'readResources'>> = {}): MpyRig {
  const events: MpyEvent[] = []
  let ids = 0
  const run: MpyRun = {
    fs, http: createOtaFetch(fetch), clock: createRealClock(), newDigest, newId: () => `txn-${ids += 1}`, tell: (event) => { events.push(event) },
    hmacSha256Hex: (key, bytes) => createHmac('sha256', key).update(bytes).digest('hex'),
    config: mpyConfigSchema.parse({ owner: 'o', repo: 'r', api_base: url, raw_base: `${url}/raw`, backoff_sec: 0, http_timeout_sec: 5, ...config }), ...more,
  }
  return { events, update: async () => updateBoard(run, never) }
}

export const gitBlob = (text: string): string => createHash('sha1').update(`blob ${Buffer.byteLength(text)}\0${text}`).digest('hex')

/** Files of the board as text, without the notes that an updater leaves. */
export const filesOn = (fs: MemoryFs): Record<string, string> => Object.fromEntries([...fs.content()]
  .flatMap(([path, each]) => (each === '/' || path === 'ota_health.json' || path === 'ota_error.json' ? [] : [[path, typeof each === 'string' ? each : new TextDecoder().decode(each)]])))
export const noteOn = (fs: MemoryFs, path: string): unknown => { const found = fs.content().get(path); return found === undefined || typeof found === 'string' ? undefined : JSON.parse(new TextDecoder().decode(found)) }
