import { call } from '@orpc/server'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createWorkbench, type OpenWorkbench } from '../../../src/main/composition/createWorkbench.ts'
import { startLoopbackRack } from '../../../src/main/composition/simulator.ts'
import { checkJpeg } from '../../../src/main/protocols/jpeg/parser.ts'
import { drawScene } from '../../../src/main/sim/scene.ts'
import { openFileServer } from '../../support/fileServer.ts'
import { freeUdpPort } from '../../support/freePort.ts'
import { lookAtPictures as look } from '../../support/pictureWindow.ts'

async function openBench(folder: string): Promise<OpenWorkbench> {
  const workbench = await createWorkbench({
    host: 'web', version: 'test', dataFolder: join(folder, 'data'), homeFolder: folder, tftpPort: await freeUdpPort(),
    resourcesFolder: join(import.meta.dirname, '../../../resources'), log: () => undefined,
  }, { loadRack: true })
  onTestFinished(async () => workbench.close())
  return workbench
}
async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-test-'))
  onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  return folder
}
async function until(what: string, holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 1_000; turn += 1) {
    if (holds()) return
    await new Promise((resolve) => { setTimeout(resolve, 20) })
  }
  throw new Error(`never: ${what}`)
}

test('the address of a picture is set, asked for when a window looks, kept over a restart, and taken away', async () => {
  const folder = await newFolder()
  const server = await openFileServer()
  onTestFinished(async () => server.close())
  server.on('/image.jpg', drawScene(3, 0))
  const rack = await startLoopbackRack(join(folder, 'sim'), () => undefined)
  onTestFinished(async () => rack.close())
  const first = await openBench(folder)
  const { cameraId } = await first.setup.add({ url: rack.urls[0] ?? '', name: '', cameraName: '', chip: rack.chip }, new AbortController().signal)
  await call(first.router.pictures.setUrl, { cameraId, url: `${server.url}image.jpg` })
  expect(server.asked).toEqual([])
  const window = look(first, cameraId)
  await until('a picture', () => window.picture() !== undefined)
  expect(checkJpeg(window.picture() ?? new Uint8Array())).toMatchObject({ ok: true, widthPx: 640 })
  await first.close()

  const second = await openBench(folder)
  expect(second.rack.view().pods[0]?.cameras[0]?.picture).toEqual({ url: `${server.url}image.jpg`, note: '' })
  await call(second.router.pictures.setUrl, { cameraId })
  expect(second.rack.view().pods[0]?.cameras[0]?.picture).toBeUndefined()
  expect(await readFile(join(folder, 'data', 'rack.json'), 'utf8')).not.toContain('image.jpg')
})
test.each(['https://10.0.0.1/image.jpg', 'http://root:12345@10.0.0.1/image.jpg', 'file:///etc/passwd', 'rtsp://10.0.0.1/', 'javascript:alert(1)', '10.0.0.1/image.jpg', ''])('%s is no address of a picture', async (url) => {
  const workbench = await openBench(await newFolder())
  await expect(call(workbench.router.pictures.setUrl, { cameraId: 'cam-1' as never, url })).rejects.toMatchObject({ code: 'BAD_REQUEST' })
})
test('the cameras of the demo rack have pictures once they are booted, a place and a firmware; one answers with a page', async () => {
  const workbench = await openBench(await newFolder())
  await workbench.setup.openDemo()
  const windows = [look(workbench, 'demo-cam-01'), look(workbench, 'demo-cam-12')]
  const camera = (index: number): ReturnType<OpenWorkbench['rack']['view']>['pods'][number]['cameras'][number] | undefined => workbench.rack.view().pods[index]?.cameras[0]
  await until('a picture', () => windows[0]?.picture() !== undefined)
  await until('words', () => camera(11)?.picture?.note === 'What came is no picture: it is no JPEG')
  expect(windows[1]?.picture()).toBeUndefined()
  expect(camera(0)?.inventory?.place).toEqual({ rack: 'Rack A', row: 1, slot: 1 })
  expect(camera(0)?.firmware?.text).toMatch(/Linux 4\.9\.37 · U-Boot 2016\.11/)
  await workbench.setup.closeDemo()
  expect(workbench.rack.view().pods).toEqual([])
})
