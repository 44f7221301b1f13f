import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import { fetchSnapshot } from '../../../src/main/drivers/http/snapshotSource.ts'
import { checkJpeg } from '../../../src/main/protocols/jpeg/parser.ts'
import { drawScene } from '../../../src/main/sim/scene.ts'
import { createSimRack } from '../../../src/main/sim/simRack.ts'
import { createSnapshotHttp } from '../../../src/main/sim/snapshotHttp.ts'
import { WorkbenchError } from '../../../src/shared/errors/workbenchError.ts'
import { type Answer, type FileServer, openFileServer, redirect } from '../../support/fileServer.ts'
import { createVirtualClock } from '../../support/virtualClock.ts'

const always = (): AbortSignal => new AbortController().signal
async function camera(answer: Answer | Uint8Array): Promise<{ server: FileServer; url: string }> {
  const server = await openFileServer()
  onTestFinished(async () => server.close())
  server.on('/image.jpg', answer)
  return { server, url: `${server.url}image.jpg` }
}
const text = (status: number): Answer => (response) => { response.writeHead(status).end('no') }

test('the picture of a camera comes whole', async () => {
  const jpeg = drawScene(1, 0)
  const { url } = await camera(jpeg)
  const got = await fetchSnapshot(url, always())
  expect(Buffer.compare(got, jpeg)).toBe(0)
  expect(checkJpeg(got)).toMatchObject({ ok: true, widthPx: 640, heightPx: 360 })
})
test('a camera that sends 50 MB is not listened to beyond the limit', async () => {
  let sent = 0
  const { url } = await camera((response) => {
    response.writeHead(200, { 'content-type': 'image/jpeg' })
    const pour = (): void => {
      if (sent >= 50 * 1024 * 1024 || response.destroyed) { response.end(); return }
      sent += 65_536
      response.write(Buffer.alloc(65_536, 0x55), pour)
    }
    pour()
  })
  await expect(fetchSnapshot(url, always())).rejects.toMatchObject({ code: 'input/too-large', message: 'The camera sends more than 4 MiB for one picture' })
  // What was on its way in the buffers of two sockets is lost, the rest is never sent.
  expect(sent).toBeLessThan(25 * 1024 * 1024)
})
test('a camera that never answers is left when its time is over', async () => {
  const { url } = await camera(() => undefined)
  const limit = new AbortController()
  const asking = fetchSnapshot(url, limit.signal)
  limit.abort(new Error('over'))
  await expect(asking).rejects.toThrow('over')
})
test('it is not led to another address', async () => {
  const { server, url } = await camera(redirect('/other.jpg'))
  server.on('/other.jpg', drawScene(1, 0))
  await expect(fetchSnapshot(url, always())).rejects.toMatchObject({ code: 'link/garbled', message: expect.stringContaining('points elsewhere') as string })
  expect(server.asked).toEqual(['/image.jpg'])
})
test.each([[401, 'does not give its picture to everybody'], [403, 'HTTP 403'], [404, 'answers HTTP 404 instead of a picture'], [500, 'HTTP 500']])('HTTP %i is said in words', async (status, words) => {
  const { url } = await camera(text(status))
  await expect(fetchSnapshot(url, always())).rejects.toThrow(words)
})
test('nobody there, and somebody who speaks no HTTP', async () => {
  const gone = await openFileServer()
  await gone.close()
  await expect(fetchSnapshot(`${gone.url}image.jpg`, always())).rejects.toMatchObject({ code: 'link/unreachable' })
  const { url } = await camera((response) => { response.socket?.end('SSH-2.0-dropbear\r\n') })
  await expect(fetchSnapshot(url, always())).rejects.toMatchObject({ code: 'link/garbled', message: 'What answers there does not speak HTTP' })
})
test('a picture that breaks off is an error and not half a picture', async () => {
  const { url } = await camera((response) => { response.writeHead(200, { 'content-length': 9_000 }); response.write(drawScene(1, 0).subarray(0, 900), () => { response.destroy() }) })
  await expect(fetchSnapshot(url, always())).rejects.toMatchObject({ code: 'link/unreachable' })
})

const run = promisify(execFile)
const hasFfmpeg = await run('ffmpeg', ['-version']).then(() => true, () => false)
// Optional everywhere, so it is left out and not skipped where it is not.
if (hasFfmpeg) test('a JPEG of another encoder (ffmpeg) is taken', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-picture-'))
  onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  const file = join(folder, 'frame.jpg')
  await run('ffmpeg', ['-loglevel', 'error', '-f', 'lavfi', '-i', 'testsrc=size=1280x720', '-frames:v', '1', file])
  const { url } = await camera(await readFile(file))
  expect(checkJpeg(await fetchSnapshot(url, always()))).toMatchObject({ ok: true, widthPx: 1280, heightPx: 720 })
})

describe('the simulated camera behind its own web server', () => {
  async function booted(fault: string): Promise<string> {
    const clock = createVirtualClock()
    const sim = createSimRack({ clock, pods: 1, speed: 'fast', faults: [fault] })
    onTestFinished(async () => sim.close())
    await clock.advance(120_000)
    const server = createSnapshotHttp(sim.pods)
    await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
    onTestFinished(() => { server.close(); server.closeAllConnections() })
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/1/image.jpg`
  }

  test('picture-silent: it is waited for only as long as its time lasts', async () => {
    const limit = new AbortController()
    const asking = fetchSnapshot(await booted('picture-silent'), limit.signal)
    limit.abort(new Error('its time is over'))
    await expect(asking).rejects.toThrow('its time is over')
  })
  test('picture-endless: 50 MiB are not read', async () => {
    await expect(fetchSnapshot(await booted('picture-endless'), always())).rejects.toMatchObject({ code: 'input/too-large' })
  })
  test('picture-text: a page is no picture', async () => {
    const url = await booted('picture-text')
    const got = await fetchSnapshot(url, always()).then(checkJpeg, (error: unknown) => error)
    expect(got).toSatisfy((answer) => answer instanceof WorkbenchError || (typeof answer === 'object' && answer !== null && 'ok' in answer && answer.ok === false))
  })
  test('without a fault it sends one', async () => {
    expect(checkJpeg(await fetchSnapshot(await booted('http-slow'), always()))).toMatchObject({ ok: true })
  })
})
