import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createWorkbench, type OpenWorkbench } from '../../src/main/composition/createWorkbench.ts'
import { withLineLease } from '../../src/main/composition/lineLease.ts'
import { listPortsWithUse } from '../../src/main/composition/serialPorts.ts'
import { openSqliteLeases } from '../../src/main/drivers/storage/sqliteLeases.ts'
import { nameOfLine } from '../../src/main/drivers/transports/lineName.ts'
import { parseTransportUrl } from '../../src/main/drivers/transports/transportUrl.ts'
import type { NewPod } from '../../src/shared/contracts/workbench.contract.ts'
import { createDeferred } from '../../src/shared/lifecycle/signals.ts'
import { type FakeSys, openFakeSys } from '../support/fakeSys.ts'

const never = new AbortController().signal
const ftdi = { ids: ['0403', '6001'], serial: 'A5XK3RJT' } as const
const identity = 'usb://0403:6001/A5XK3RJT'
const cameraOn = (url: string, cameraName: string): NewPod => ({ url, name: '', cameraName, chip: 'hi3516ev300', power: { kind: 'command', on: ['true'], off: ['true'], limitMs: 5_000 } })

async function tempFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-adapter-'))
  onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  return folder
}
async function openAt(dataFolder: string, sys: FakeSys, loadRack = false): Promise<OpenWorkbench> {
  const workbench = await createWorkbench({
    host: 'cli', version: 'test', dataFolder, homeFolder: dataFolder, tftpPort: 0, resourcesFolder: join(import.meta.dirname, '../../resources'), log: () => undefined, serialPorts: sys.ports,
  }, { loadRack })
  onTestFinished(async () => workbench.close())
  return workbench
}

test('a device, its alias and the adapter have one name; another adapter has another', async () => {
  const sys = await openFakeSys()
  const device = await sys.plugIn({ name: 'ttyUSB0', socket: '1-2', ...ftdi })
  const other = await sys.plugIn({ name: 'ttyUSB1', socket: '1-3', ids: ['1a86', '7523'] })
  const byId = await sys.alias(device, 'serial/by-id/usb-FTDI')
  const named = async (url: string): Promise<string> => nameOfLine(parseTransportUrl(url), sys.ports)
  expect(await Promise.all([device, byId, identity, `${identity}?at=1-2`].map(named))).toEqual([identity, identity, identity, identity])
  expect(await named(other)).toBe('usb://1a86:7523/?at=1-3')
  expect(await named(`${sys.devFolder}/ttyUSB7`)).toBe(`${sys.devFolder}/ttyUSB7`)
  expect(await named('tcp://10.0.0.9:9000')).toBe('tcp://10.0.0.9:9000')
})

test('two cameras cannot be given one adapter, and the list of ports says who has it', async () => {
  const sys = await openFakeSys()
  const device = await sys.plugIn({ name: 'ttyUSB0', socket: '1-2', ...ftdi })
  const byId = await sys.alias(device, 'serial/by-id/usb-FTDI')
  await sys.plugIn({ name: 'ttyUSB1', socket: '1-3', ids: ['1a86', '7523'] })
  const dataFolder = await tempFolder()
  const workbench = await openAt(dataFolder, sys)
  await workbench.setup.add(cameraOn(device, 'cam-desk'), never)
  for (const url of [identity, byId, device]) {
    await expect(workbench.setup.add(cameraOn(url, 'cam-two'), never)).rejects.toMatchObject({ code: 'input/conflict', message: expect.stringContaining('in the rack already') as string })
  }
  const store = openSqliteLeases(join(dataFolder, 'journal.sqlite'))
  onTestFinished(() => { store.close() })
  const used = async (): Promise<unknown> => (await listPortsWithUse(workbench.rack, store, sys.ports)).map(({ device: path, usedBy }) => [path, usedBy])
  const other = join(sys.devFolder, 'ttyUSB1')
  expect(await used()).toEqual([[device, 'cam-desk'], [other, undefined]])
  await withLineLease({ url: other, dataFolder, holder: 'rackbench capture', serialPorts: sys.ports }, never, async () => { expect(await used()).toEqual([[device, 'cam-desk'], [other, 'rackbench capture']]) })
})

test('a command has the adapter to itself: the camera in another process is busy, and the other way round', async () => {
  const sys = await openFakeSys()
  const device = await sys.plugIn({ name: 'ttyUSB0', socket: '1-2', ...ftdi })
  const dataFolder = await tempFolder()
  const workbench = await openAt(dataFolder, sys)
  const { cameraId } = await workbench.setup.add(cameraOn(identity, 'cam-desk'), never)
  const end = createDeferred<void>()
  const begun = createDeferred<void>()
  const command = withLineLease({ url: device, dataFolder, holder: 'rackbench capture', serialPorts: sys.ports }, never, async () => { begun.resolve(); await end.promise })
  await begun.promise
  await expect(workbench.rack.power(cameraId, 'cycle', never)).rejects.toMatchObject({ code: 'pod/busy', context: { holder: 'rackbench capture' } })
  await expect(withLineLease({ url: identity, dataFolder, holder: 'rackbench detect', serialPorts: sys.ports }, never, async () => 'never'))
    .rejects.toMatchObject({ code: 'pod/busy', message: expect.stringContaining('rackbench capture') as string })
  end.resolve()
  await command
  await workbench.rack.power(cameraId, 'cycle', never)
})

test('an adapter that was not there at the start is the same one from the moment that it is', async () => {
  const sys = await openFakeSys()
  const dataFolder = await tempFolder()
  const path = join(sys.devFolder, 'ttyUSB0')
  const workbench = await openAt(dataFolder, sys)
  const { cameraId } = await workbench.setup.add(cameraOn(path, 'cam-desk'), never)
  const resource = (): string => workbench.rack.camera(cameraId).devices.resource
  expect(resource()).toBe(path)
  await sys.plugIn({ name: 'ttyUSB0', socket: '1-2', ...ftdi })
  await expect.poll(resource, { timeout: 15_000 }).toBe(identity)
  await expect(workbench.setup.add(cameraOn(identity, 'cam-two'), never)).rejects.toMatchObject({ code: 'input/conflict' })
}, 20_000)
