import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { SerialPortsDeps } from '../../src/main/drivers/transports/listSerialPorts.ts'

export interface FakeAdapter {
  readonly name: string
  /** `1-2.3`, as Linux names sockets. */
  readonly socket: string
  readonly ids: readonly [string, string]
  readonly serial?: string
}

export interface FakeSys {
  readonly ports: SerialPortsDeps
  readonly devFolder: string
  /** The folders of one USB serial port, as Linux 6.1 has them. Gives its device. */
  plugIn(adapter: FakeAdapter): Promise<string>
  /** Another name of a device. */
  alias(device: string, name: string): Promise<string>
}

/** /sys and /dev of a computer without a single real adapter. */
export async function openFakeSys(): Promise<FakeSys> {
  const root = await mkdtemp(join(tmpdir(), 'rackbench-sys-'))
  onTestFinished(async () => rm(root, { recursive: true, force: true }))
  const [sysFolder, devFolder] = [join(root, 'sys'), join(root, 'dev')]
  for (const folder of [sysFolder, join(devFolder, 'serial/by-id')]) await mkdir(folder, { recursive: true })
  return {
    devFolder, ports: { platform: 'linux', sysFolder, devFolder, list: async () => [] },
    plugIn: async ({ name, socket, ids: [idVendor, idProduct], serial }) => {
      const usbFolder = join(root, 'devices/usb1', socket)
      const portFolder = join(usbFolder, `${socket}:1.0`, name)
      await mkdir(portFolder, { recursive: true })
      for (const [file, text] of Object.entries({ idVendor, idProduct, bNumInterfaces: ' 1', ...(serial === undefined ? {} : { serial }) })) await writeFile(join(usbFolder, file), `${text}\n`)
      await symlink(portFolder, join(await made(join(sysFolder, name)), 'device'))
      const device = join(devFolder, name)
      await writeFile(device, '')
      return device
    },
    alias: async (device, name) => {
      const path = join(devFolder, name)
      await symlink(device, path)
      return path
    },
  }
}

async function made(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true })
  return folder
}
