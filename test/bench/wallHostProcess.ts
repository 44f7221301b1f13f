import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { crc32 } from 'node:zlib'
import { createWorkbench } from '../../src/main/composition/createWorkbench.ts'
import { newToken } from '../../src/main/drivers/host/randomness.ts'
import { readSession } from '../../src/main/drivers/storage/captures/sessionReader.ts'
import { serveWeb } from '../../src/main/hosts/web/webHost.ts'
import { childrenUse } from './childrenUse.ts'

/**
 * The workbench as `serve` runs it, in a process of its own (node --expose-gc), so that its time and memory are its own. Arguments: folder,
 * console ports as JSON. Commands, each answered by one line: `use` (ms of processor of the process, of its main thread and of the index's process, bytes held after a collection), `held` (bytes on disk
 * and bytes dropped), `verify` (bytes and CRC-32 of each captured stream).
 */
const [, , folder = '', ports = '[]'] = process.argv
const collect = (globalThis as unknown as { gc: () => void }).gc
const workbench = await createWorkbench({
  host: 'web', version: 'bench', dataFolder: join(folder, 'data'), homeFolder: folder, tftpPort: 69,
  resourcesFolder: join(import.meta.dirname, '../../resources'), log: (line) => { process.stderr.write(`${line}\n`) },
}, { loadRack: ports !== '[]' })
const cameras = (JSON.parse(ports) as number[]).map((port, index) => workbench.setup.addForNow({ url: `tcp://127.0.0.1:${port}`, name: '', cameraName: `cam-${String(index + 1).padStart(3, '0')}`, chip: 'hi3516ev300' }).cameraId)
const web = await serveWeb({ workbench, host: '127.0.0.1', port: 0, rendererFolder: join(import.meta.dirname, '../../out/renderer'), newToken: () => newToken().repeat(8), log: () => undefined })
process.stdout.write(`${JSON.stringify({ url: web.url, cameras })}\n`)

async function verify(): Promise<{ bytes: number; crc: number }[]> {
  const sessions = await workbench.captures.sessions({})
  const streams = []
  for (const camera of cameras) {
    let [bytes, crc] = [0, 0]
    for (const { session } of sessions.filter((each) => each.camera === camera).sort((a, b) => a.startedAtMs - b.startedAtMs)) {
      for await (const piece of readSession(await workbench.captures.store.parts(session), {}, new AbortController().signal)) {
        if (piece.kind !== 'rx') continue
        bytes += piece.bytes.length
        crc = crc32(piece.bytes, crc)
      }
    }
    streams.push({ bytes, crc })
  }
  return streams
}
async function held(): Promise<{ capturedBytes: number; droppedBytes: number }> {
  const { store } = workbench.captures
  await store.flush()
  return { capturedBytes: (await store.parts()).reduce((sum, { rawBytes }) => sum + rawBytes, 0), droppedBytes: store.state().droppedBytes }
}
function use(): { cpuMs: number; mainMs: number; indexMs: number; heldBytes: number } {
  const { user, system } = process.cpuUsage()
  const main = process.threadCpuUsage()
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return { cpuMs: (user + system) / 1000, mainMs: (main.user + main.system) / 1000, indexMs: childrenUse(process.pid), heldBytes: heapUsed + external }
}
for await (const line of createInterface(process.stdin)) process.stdout.write(`${JSON.stringify(line === 'verify' ? await verify() : line === 'held' ? await held() : use())}\n`)
await web.close()
await workbench.close()
process.exit()
