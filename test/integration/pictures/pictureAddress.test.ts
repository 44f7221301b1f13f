import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createWorkbench } from '../../../src/main/composition/createWorkbench.ts'
import { openLocalWorkbench } from '../../../src/main/hosts/cli/localWorkbench.ts'
import { runCli } from '../../../src/main/hosts/cli/main.ts'
import type { CameraView } from '../../../src/shared/rack/rackView.schema.ts'
import { createFakeCli } from '../../support/fakeCli.ts'

const resourcesFolder = join(import.meta.dirname, '../../../resources')

/** A camera whose console says this to whoever connects. */
async function serveConsole(says: string): Promise<number> {
  const server = createServer((socket) => { socket.on('error', () => undefined); socket.write(says) })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => new Promise((resolve) => { server.close(() => { resolve() }) }))
  return (server.address() as AddressInfo).port
}

test('a console that tells its address offers where the picture may be; it is kept when a person takes it, from the shell too, and the console goes on', { timeout: 60_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-picture-'))
  onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  const dataFolder = join(folder, 'data')
  await mkdir(dataFolder)
  const port = await serveConsole('udhcpc: lease of 127.0.0.1 obtained\r\nudhcpc: lease of 10.216.128.112 obtained from 10.216.128.1, lease time 3600\r\n')
  const file = join(dataFolder, 'rack.json')
  await writeFile(file, JSON.stringify({ version: 1, pods: [{ id: 'pod-a', name: 'bench', url: `tcp://127.0.0.1:${String(port)}`, cameraId: 'cam-a', cameraName: 'front', chip: 'hi3516ev300' }] }))
  const workbench = await createWorkbench({ host: 'web', version: 'test', dataFolder, homeFolder: folder, tftpPort: 0, resourcesFolder, log: () => undefined }, { loadRack: true })
  onTestFinished(async () => workbench.close())
  const shown = (): CameraView | undefined => workbench.rack.view().pods[0]?.cameras[0]
  await expect.poll(() => shown()?.pictureOffer, { timeout: 10_000 }).toBe('http://10.216.128.112/image.jpg')
  // An offer and no more: nobody asks there.
  expect(shown()?.picture).toBeUndefined()
  const before = workbench.rack.find(workbench.rack.pods()[0]!.cameraId)?.console

  const cli = async (...argv: string[]): Promise<string> => {
    const fake = createFakeCli({ dataFolder })
    const code = await runCli(argv, { ...fake.deps, openWorkbench: async (options) => openLocalWorkbench({ version: '1', homeFolder: folder, environment: {}, resourcesFolder }, options) })
    return `${String(code)} ${fake.out.lines.join('\n')}${fake.err.lines.join('\n')}`
  }
  await expect.poll(async () => cli('rack', 'picture', 'front'), { timeout: 15_000 }).toContain('so it may be http://10.216.128.112/image.jpg')
  expect(await cli('rack', 'picture', 'front', 'http://admin:pass@10.0.0.1/image.jpg')).toMatch(/^2 .*no address of a picture/s)
  expect(await cli('rack', 'picture', 'front', 'http://10.216.128.112/image.jpg')).toContain('0 front: its picture is asked for at http://10.216.128.112/image.jpg')
  expect(await readFile(file, 'utf8')).toContain('"snapshotUrl": "http://10.216.128.112/image.jpg"')
  // The window takes it up, and does not close the console for it.
  await expect.poll(() => shown()?.picture?.url, { timeout: 15_000 }).toBe('http://10.216.128.112/image.jpg')
  expect(shown()?.pictureOffer).toBeUndefined()
  expect(workbench.rack.find(workbench.rack.pods()[0]!.cameraId)?.console).toBe(before)
  expect(await cli('rack', 'picture', 'front', 'none')).toContain('asked for nowhere')
  await expect.poll(() => shown()?.picture, { timeout: 15_000 }).toBeUndefined()
})
