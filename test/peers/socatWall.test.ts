import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import { crc32 } from 'node:zlib'
import { expect, onTestFinished, test } from 'vitest'
import { createWorkbench } from '../../src/main/composition/createWorkbench.ts'
import { readSession } from '../../src/main/drivers/storage/captures/sessionReader.ts'
import { describeWithPeer } from './peerGate.ts'

const consoles = 100
/** A quarter of a minute at 115200 baud, as fast as the lines take it. */
const streamBytes = 160 * 1024
const missing = spawnSync('socat', ['-V']).status === 0 ? [] : ['socat']

/** What we write comes out of a real terminal device of the kernel. */
async function openPty(path: string): Promise<ChildProcess> {
  const child = spawn('socat', ['-u', '-', `PTY,raw,echo=0,link=${path}`], { stdio: ['pipe', 'ignore', 'inherit'] })
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  })
  for (let attempt = 0; attempt < 400 && !existsSync(path); attempt += 1) await after(25)
  return child
}
/** Every byte value, lines of every length, and no two streams alike. */
const streamOf = (index: number): Uint8Array => Uint8Array.from({ length: streamBytes }, (_, at) => (at * 167 + (at >> 8) * 31 + index * 13) & 0xff)

describeWithPeer('socat', missing, () => {
  test('a hundred terminal devices talk at once, and every stream is captured byte by byte', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'rackbench-socat-'))
    onTestFinished(async () => rm(folder, { recursive: true, force: true }))
    const ptys: ChildProcess[] = []
    for (let index = 0; index < consoles; index += 1) ptys.push(await openPty(join(folder, `tty${index}`)))
    const workbench = await createWorkbench({
      host: 'cli', version: 'test', dataFolder: join(folder, 'data'), homeFolder: folder, tftpPort: 69,
      resourcesFolder: join(import.meta.dirname, '../../resources'), log: () => undefined,
    })
    onTestFinished(async () => workbench.close())
    const cameras = ptys.map((_, index) => workbench.setup.addForNow({ url: join(folder, `tty${index}`), name: '', cameraName: '', chip: 'hi3516ev300' }).cameraId)
    const views = () => workbench.rack.view().pods.flatMap((pod) => pod.cameras)
    await expect.poll(() => views().filter(({ console }) => console === 'open').length, { timeout: 60_000 }).toBe(consoles)

    for (const [index, { stdin }] of ptys.entries()) stdin?.write(streamOf(index))
    await expect.poll(() => views().filter(({ bytesReceived }) => bytesReceived === streamBytes).length, { timeout: 120_000, interval: 500 }).toBe(consoles)

    expect(views().reduce((sum, { bytesLost }) => sum + bytesLost, 0)).toBe(0)
    const sessions = await workbench.captures.sessions({})
    for (const [index, camera] of cameras.entries()) {
      const own = sessions.filter((each) => each.camera === camera)
      expect(own).toHaveLength(1)
      let crc = 0
      for await (const piece of readSession(await workbench.captures.store.parts(own[0]!.session), {}, AbortSignal.timeout(10_000))) if (piece.kind === 'rx') crc = crc32(piece.bytes, crc)
      expect(crc, `stream ${index}`).toBe(crc32(streamOf(index)))
    }
  })
})
