import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createWorkbench, type OpenWorkbench } from '../../../src/main/composition/createWorkbench.ts'
import { never, piecesOf, story } from '../../support/captureBench.ts'

async function camera(): Promise<{ readonly url: string; say(words: string): void; heard(): string; hangUp(): void }> {
  const sockets = new Set<Socket>()
  let heard = ''
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => { sockets.delete(socket) })
    socket.on('data', (chunk) => { heard += chunk.toString('latin1') })
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  onTestFinished(async () => { for (const socket of sockets) socket.destroy(); await new Promise<void>((resolve) => { server.close(() => { resolve() }) }) })
  return {
    url: `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`, heard: () => heard,
    say: (words) => { for (const socket of sockets) socket.write(words) },
    hangUp: () => { for (const socket of sockets) socket.destroy() },
  }
}
async function dataFolder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'rackbench-captures-'))
  onTestFinished(async () => rm(path, { recursive: true, force: true }))
  return path
}
async function open(folder: string): Promise<OpenWorkbench> {
  const workbench = await createWorkbench({
    host: 'cli', version: 'test', dataFolder: folder, homeFolder: folder, tftpPort: 0, resourcesFolder: join(import.meta.dirname, '../../../resources'), log: () => undefined,
  })
  onTestFinished(async () => workbench.close())
  return workbench
}
const add = (workbench: OpenWorkbench, url: string) => workbench.rack.camera(workbench.setup.addForNow({ url, name: '', cameraName: 'Gate', chip: 'hi3516ev300' }).cameraId).console

test('nobody looks, and every byte is kept: what is said, what is typed, and that the line was away', async () => {
  const folder = await dataFolder()
  const far = await camera()
  const workbench = await open(folder)
  const line = add(workbench, far.url)
  await expect.poll(() => line.stats().state).toBe('open')
  far.say('login: ')
  await expect.poll(() => line.stats().bytesReceived).toBe(7)
  await line.type(new TextEncoder().encode('root\r'), never)
  await expect.poll(far.heard).toBe('root\r')
  const mine = await line.exclusive('a job', never)
  await mine.write(new TextEncoder().encode('ls\r'), never)
  await mine.release()
  far.hangUp()
  // The next attempt comes at once, so "not open" may be too short to be seen from here.
  await expect.poll(() => line.tail(1_000), { timeout: 10_000 }).toContain('open again')
  far.say('# ')
  await expect.poll(() => line.stats().bytesReceived).toBe(9)
  await workbench.close()
  const again = await open(folder)
  const [session] = await again.captures.store.sessions()
  expect(session).toMatchObject({ cameraName: 'Gate', chip: 'hi3516ev300', isOpen: false })
  const told = story(await piecesOf(again.captures.store, session?.session))
  expect(told.map((each) => each.replace(/^tx:root\rls\r$/, 'tx:root\r|tx:ls\r')).join('|')).toBe('rx:login: |tx:root\r|tx:ls\r|lost|found|rx:# ')
})

test('captures that cannot be written at all stop neither the console nor its writer', async () => {
  const folder = await dataFolder()
  await writeFile(join(folder, 'captures'), 'a file where the folder should be')
  const far = await camera()
  const workbench = await open(folder)
  const line = add(workbench, far.url)
  await expect.poll(() => line.stats().state).toBe('open')
  far.say('login: ')
  await line.type(new TextEncoder().encode('root\r'), never)
  await expect.poll(far.heard).toBe('root\r')
  await expect.poll(() => workbench.captures.store.state().paused).toContain('the disk failed')
  expect(line.stats().lastLine).toBe('login:')
})

test('damaged settings are not guessed about', async () => {
  const folder = await dataFolder()
  await mkdir(folder, { recursive: true })
  for (const text of ['{"quotaBytes": -1}', '{"nameTemplate": "../{session}{part}"}', 'x']) {
    await writeFile(join(folder, 'captures.json'), text)
    await expect(open(folder)).rejects.toMatchObject({ code: 'input/malformed' })
  }
})

test('acts of power on a camera of the rack are kept with what it says, whoever does them', async () => {
  const folder = await dataFolder()
  const workbench = await open(folder)
  await workbench.setup.openDemo()
  const [camera] = workbench.rack.view().pods.flatMap(({ cameras }) => cameras)
  await workbench.rack.power(camera!.id, 'cycle', never)
  await workbench.rack.camera(camera!.id).devices.power.cycle(100, never)
  const kinds = async (): Promise<string[]> => {
    const [session] = await workbench.captures.sessions({ camera: camera!.id })
    return session ? (await piecesOf(workbench.captures.store, session.session)).map(({ kind }) => kind).filter((kind) => kind !== 'rx' && kind !== 'tx') : []
  }
  await expect.poll(async () => (await kinds()).filter((kind) => kind === 'cycle' || kind === 'power-on'), { timeout: 20_000 }).toEqual(['cycle', 'power-on', 'cycle', 'power-on'])
})
