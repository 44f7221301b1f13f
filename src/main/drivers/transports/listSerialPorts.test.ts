import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { listSerialPorts } from './listSerialPorts.ts'

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'rackbench-ports-'))
  await mkdir(join(root, 'dev/serial/by-id'), { recursive: true })
  await mkdir(join(root, 'sys'))
})
afterEach(async () => { await rm(root, { recursive: true }) })
const folders = () => ({ sysFolder: join(root, 'sys'), devFolder: join(root, 'dev') })

test('sorted, with the stable alias to open and what the adapter says of itself', async () => {
  const [usb10, usb2] = [join(root, 'dev/ttyUSB10'), join(root, 'dev/ttyUSB2')]
  await writeFile(usb10, '')
  await writeFile(usb2, '')
  await symlink(usb2, join(root, 'dev/serial/by-id/usb-FTDI_2'))
  await symlink(usb2, join(root, 'dev/uart-hi3516ev300'))
  const list = async () => [{ path: usb10, vendorId: '0403', productId: '6001' }, { path: usb2, manufacturer: 'FTDI', serialNumber: 'A5' }]
  expect(await listSerialPorts({ list, ...folders() })).toEqual([
    { device: usb2, openPath: join(root, 'dev/uart-hi3516ev300'), description: 'FTDI | ser A5' },
    { device: usb10, openPath: usb10, description: '0403:6001' },
  ])
})

test('without udevadm the system\'s own list is read, terminals without a device left out', async () => {
  await mkdir(join(root, 'sys/ttyUSB0/device'), { recursive: true })
  await mkdir(join(root, 'sys/tty7'), { recursive: true })
  const list = async (): Promise<never> => { throw Object.assign(new Error('spawn udevadm ENOENT'), { code: 'ENOENT' }) }
  expect(await listSerialPorts({ list, ...folders() })).toEqual([{ device: join(root, 'dev/ttyUSB0'), openPath: join(root, 'dev/ttyUSB0'), description: '' }])
})

test('nothing there is an empty list', async () => {
  const list = async (): Promise<never> => { throw new Error('no') }
  expect(await listSerialPorts({ list, sysFolder: '/nowhere', devFolder: '/nowhere' })).toEqual([])
})
