import { call } from '@orpc/server'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createWorkbench } from '../../src/main/composition/createWorkbench.ts'
import { startLoopbackRack } from '../../src/main/composition/simulator.ts'
import { checkJpeg } from '../../src/main/protocols/jpeg/parser.ts'
import { openFileServer } from '../support/fileServer.ts'
import { freeUdpPort } from '../support/freePort.ts'
import { lookAtPictures } from '../support/pictureWindow.ts'
import { findProgram } from '../support/tftpPeerServers.ts'
import { describeWithPeer } from './peerGate.ts'

const ffmpeg = findProgram('ffmpeg')
const [jpegBegins, jpegEnds] = [Buffer.from([0xff, 0xd8]), Buffer.from([0xff, 0xd9])]

/** A test picture with a running clock in it, as a camera's encoder would make it: two a second. */
async function startEncoder(picture: (jpeg: Uint8Array) => void): Promise<void> {
  const encoder = spawn(ffmpeg ?? 'ffmpeg', ['-hide_banner', '-loglevel', 'error', '-nostdin', '-re', '-f', 'lavfi', '-i', 'testsrc=size=640x360:rate=2', '-c:v', 'mjpeg', '-q:v', '5', '-f', 'mjpeg', '-'], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(async () => {
    encoder.kill('SIGKILL')
    if (encoder.exitCode === null && encoder.signalCode === null) await once(encoder, 'exit')
  })
  await once(encoder, 'spawn')
  let rest = Buffer.alloc(0)
  encoder.stdout.on('data', (bytes: Uint8Array) => {
    rest = Buffer.concat([rest, bytes])
    for (let end = rest.indexOf(jpegEnds); end >= 0; end = rest.indexOf(jpegEnds)) {
      picture(Uint8Array.from(rest.subarray(rest.indexOf(jpegBegins), end + jpegEnds.length)))
      rest = rest.subarray(end + jpegEnds.length)
    }
  })
}

describeWithPeer('pictures of a real encoder', ffmpeg === undefined ? ['ffmpeg'] : [], () => {
  test('a camera whose picture comes from ffmpeg is shown as it is, and the next look shows a newer one', { timeout: 60_000 }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'rackbench-ffmpeg-'))
    onTestFinished(async () => rm(folder, { recursive: true, force: true }))
    const camera = await openFileServer()
    onTestFinished(async () => camera.close())
    const made: Uint8Array[] = []
    await startEncoder((jpeg) => { made.push(jpeg); camera.on('/image.jpg', jpeg) })
    const rack = await startLoopbackRack(join(folder, 'sim'), () => undefined)
    onTestFinished(async () => rack.close())
    const workbench = await createWorkbench({
      host: 'web', version: 'test', dataFolder: join(folder, 'data'), homeFolder: folder, tftpPort: await freeUdpPort(), resourcesFolder: join(import.meta.dirname, '../../resources'), log: () => undefined,
    }, { loadRack: true })
    onTestFinished(async () => workbench.close())
    const { cameraId } = await workbench.setup.add({ url: rack.urls[0] ?? '', name: '', cameraName: '', chip: rack.chip }, new AbortController().signal)
    await expect.poll(() => made.length).toBeGreaterThan(0)
    await call(workbench.router.pictures.setUrl, { cameraId, url: `${camera.url}image.jpg` })
    const window = lookAtPictures(workbench, cameraId)
    await expect.poll(() => window.picture()).toBeDefined()
    const first = window.picture() ?? new Uint8Array()
    expect(checkJpeg(first)).toMatchObject({ ok: true, widthPx: 640, heightPx: 360 })
    expect(made.some((jpeg) => Buffer.from(jpeg).equals(first))).toBe(true)
    await expect.poll(() => Buffer.from(window.picture() ?? first).equals(first), { timeout: 30_000 }).toBe(false)
    expect(checkJpeg(window.picture() ?? new Uint8Array())).toMatchObject({ ok: true, widthPx: 640 })
  })
})
