import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { findSerialPort, type ListedPort, listSerialPorts, serialPortJson, sharedPorts } from './listSerialPorts.ts'

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'rackbench-ports-'))
  for (const folder of ['dev/serial/by-id', 'dev/serial/by-path', 'sys']) await mkdir(join(root, folder), { recursive: true })
})
afterEach(async () => { await rm(root, { recursive: true }) })
const noUdev = async (): Promise<never> => { throw Object.assign(new Error('spawn udevadm ENOENT'), { code: 'ENOENT' }) }
const deps = (platform: string, list: () => Promise<readonly ListedPort[]>) => ({ platform, list, sysFolder: join(root, 'sys'), devFolder: join(root, 'dev') })

interface Plugged {
  readonly name: string
  readonly socket: string
  readonly ids: readonly [string, string]
  readonly about?: Readonly<Record<string, string>>
  readonly interfaceNumber?: string
  readonly portNumber?: string
}

/** The folders of one USB serial port, as Linux 6.1 has them. */
async function plugIn({ name, socket, ids: [idVendor, idProduct], about = {}, interfaceNumber = '00', portNumber = '0' }: Plugged): Promise<string> {
  const usbFolder = join(root, 'devices/usb1', socket)
  const portFolder = join(usbFolder, `${socket}:1.${Number(interfaceNumber)}`, name)
  await mkdir(portFolder, { recursive: true })
  for (const [file, text] of Object.entries({ idVendor, idProduct, bNumInterfaces: ' 1', ...about })) await writeFile(join(usbFolder, file), `${text}\n`)
  await writeFile(join(usbFolder, `${socket}:1.${Number(interfaceNumber)}`, 'bInterfaceNumber'), `${interfaceNumber}\n`)
  await writeFile(join(portFolder, 'port_number'), `${portNumber}\n`)
  await mkdir(join(root, 'sys', name))
  await symlink(portFolder, join(root, 'sys', name, 'device'))
  const device = join(root, 'dev', name)
  await writeFile(device, '')
  return device
}
const ftdi = { ids: ['0403', '6001'], about: { manufacturer: 'FTDI', product: 'FT232R USB UART', serial: 'A5XK3RJT' } } as const
const cheap = { ids: ['1a86', '7523'], about: { product: 'USB Serial' } } as const
const shared = { ids: ['10c4', 'ea60'], about: { manufacturer: 'Silicon Labs', product: 'CP2102', serial: 'BENCH7' } } as const

describe('Linux', () => {
  test('sorted by device, with alias, place and number', async () => {
    const [usb10, usb2] = [await plugIn({ name: 'ttyUSB10', socket: '1-4', ...cheap }), await plugIn({ name: 'ttyUSB2', socket: '1-2.3', ...ftdi })]
    await symlink(usb2, join(root, 'dev/serial/by-path/pci-0000:00:14.0-usb-0:2.3:1.0-port0'))
    await symlink(usb2, join(root, 'dev/serial/by-id/usb-FTDI_2'))
    await symlink(usb2, join(root, 'dev/uart-z'))
    await symlink(usb2, join(root, 'dev/uart-hi3516ev300'))
    await symlink(usb10, join(root, 'dev/serial/by-path/pci-0000:00:14.0-usb-0:4:1.0-port0'))
    const alias = join(root, 'dev/uart-hi3516ev300')
    const byPath = join(root, 'dev/serial/by-path/pci-0000:00:14.0-usb-0:4:1.0-port0')
    expect(await listSerialPorts(deps('linux', noUdev))).toMatchObject([
      {
        device: usb2, aliasDevice: alias, openPath: alias, location: '1-2.3', identity: 'usb://0403:6001/A5XK3RJT',
        displayName: `${alias} -> ${usb2} | FTDI FT232R USB UART | loc 1-2.3 | ser A5XK3RJT`,
      },
      { device: usb10, openPath: byPath, identity: 'usb://1a86:7523/?at=1-4', displayName: `${byPath} -> ${usb10} | USB Serial | loc 1-4` },
    ])
  })

  test('what udev knows too is not there twice; built-in ports and consoles are left out', async () => {
    const device = await plugIn({ name: 'ttyUSB0', socket: '1-1', ...ftdi })
    await mkdir(join(root, 'sys/tty7'))
    await mkdir(join(root, 'sys/ttyS0/device'), { recursive: true })
    const list = async (): Promise<ListedPort[]> => [
      { path: '/dev/ttyS0' }, { path: device, manufacturer: 'FTDI', serialNumber: 'A5XK3RJT', pnpId: 'usb-FTDI_FT232R_USB_UART_A5XK3RJT-if00-port0', vendorId: '0403', productId: '6001' },
    ]
    expect((await listSerialPorts(deps('linux', list))).map((port) => port.device)).toEqual([device])
  })

  test('without /sys the list of udev is enough, as from a container', async () => {
    const list = async (): Promise<ListedPort[]> => [{ path: '/dev/ttyUSB0', manufacturer: 'FTDI', serialNumber: 'A5XK3RJT', vendorId: '0403', productId: '6001' }]
    expect(await listSerialPorts(deps('linux', list))).toMatchObject([{ device: '/dev/ttyUSB0', openPath: '/dev/ttyUSB0', displayName: '/dev/ttyUSB0 | FTDI | ser A5XK3RJT', identity: 'usb://0403:6001/A5XK3RJT' }])
  })

  test('the ports of one adapter are told apart, by interface or by number', async () => {
    const about = { ...ftdi.about, serial: 'FT4XYZ', bNumInterfaces: ' 4' }
    await plugIn({ name: 'ttyUSB0', socket: '1-1', ids: ['0403', '6011'], about, interfaceNumber: '00' })
    await plugIn({ name: 'ttyUSB1', socket: '1-1', ids: ['0403', '6011'], about, interfaceNumber: '0a' })
    await plugIn({ name: 'ttyUSB2', socket: '1-2', ids: ['9710', '7840'], portNumber: '0' })
    await plugIn({ name: 'ttyUSB3', socket: '1-3', ids: ['9710', '7840'], portNumber: '3' })
    expect((await listSerialPorts(deps('linux', noUdev))).map(({ identity, location }) => [identity, location])).toEqual([
      ['usb://0403:6011/FT4XYZ', '1-1:1.0'], ['usb://0403:6011/FT4XYZ?channel=10', '1-1:1.10'],
      ['usb://9710:7840/?at=1-2', '1-2'], ['usb://9710:7840/?at=1-3&channel=0.3', '1-3'],
    ])
    expect(await findSerialPort('usb://0403:6011/FT4XYZ?channel=10', deps('linux', noUdev))).toMatchObject({ device: join(root, 'dev/ttyUSB1') })
    await expect(findSerialPort('usb://0403:6011/FT4XYZ?channel=2', deps('linux', noUdev))).rejects.toMatchObject({ code: 'link/unreachable' })
  })

  test('the fields of the JSON', async () => {
    const device = await plugIn({ name: 'ttyUSB0', socket: '1-2.3', ...ftdi })
    const [port] = await listSerialPorts(deps('linux', noUdev))
    expect(serialPortJson(port!)).toEqual({
      device, description: 'FT232R USB UART', hwid: 'USB VID:PID=0403:6001 SER=A5XK3RJT LOCATION=1-2.3', alias_device: null, open_path: device,
      display_name: `${device} | FTDI FT232R USB UART | loc 1-2.3 | ser A5XK3RJT`, manufacturer: 'FTDI', product: 'FT232R USB UART', serial_number: 'A5XK3RJT',
      location: '1-2.3', vid: 0x0403, pid: 0x6001, identity: 'usb://0403:6001/A5XK3RJT',
    })
  })

  test('what an adapter says of itself moves no cursor', async () => {
    await plugIn({ name: 'ttyUSB0', socket: '1-1', ids: ['0403', '6001'], about: { product: `\u001b[2Jevil\u0007${'x'.repeat(500)}` } })
    const [port] = await listSerialPorts(deps('linux', noUdev))
    expect(port?.product).toBe(`?[2Jevil?${'x'.repeat(111)}`)
  })

  test('nothing there is an empty list', async () => {
    expect(await listSerialPorts({ list: noUdev, platform: 'linux', sysFolder: '/nowhere', devFolder: '/nowhere' })).toEqual([])
  })
})

describe('finding an adapter again', () => {
  const unplug = async (name: string): Promise<void> => {
    await rm(join(root, 'sys', name), { recursive: true })
    await rm(join(root, 'dev', name))
  }

  test('under its new name, also in another socket, when it has a number of its own', async () => {
    await plugIn({ name: 'ttyUSB0', socket: '1-1', ...ftdi })
    const identity = (await listSerialPorts(deps('linux', noUdev)))[0]?.identity ?? ''
    await unplug('ttyUSB0')
    await expect(findSerialPort(identity, deps('linux', noUdev))).rejects.toMatchObject({ code: 'link/unreachable', message: `The adapter ${identity} is not plugged in` })
    const device = await plugIn({ name: 'ttyUSB5', socket: '1-4', ...ftdi })
    expect(await findSerialPort(identity, deps('linux', noUdev))).toMatchObject({ device })
  })

  test('two adapters with one number are told by their sockets, and one never stands in for the other', async () => {
    await plugIn({ name: 'ttyUSB0', socket: '1-1', ...shared })
    const right = await plugIn({ name: 'ttyUSB1', socket: '1-2', ...shared })
    const identities = (await listSerialPorts(deps('linux', noUdev))).map(({ identity }) => identity ?? '')
    expect(identities).toEqual(['usb://10c4:ea60/BENCH7?at=1-1', 'usb://10c4:ea60/BENCH7?at=1-2'])
    await unplug('ttyUSB0')
    await expect(findSerialPort(identities[0] ?? '', deps('linux', noUdev))).rejects.toMatchObject({ code: 'link/unreachable' })
    expect(await findSerialPort(identities[1] ?? '', deps('linux', noUdev))).toMatchObject({ device: right })
  })

  test('a number that turns out to be shared is no answer', async () => {
    await plugIn({ name: 'ttyUSB0', socket: '1-1', ...shared })
    const identity = (await listSerialPorts(deps('linux', noUdev)))[0]?.identity ?? ''
    expect(identity).toBe('usb://10c4:ea60/BENCH7')
    await plugIn({ name: 'ttyUSB1', socket: '1-2', ...shared })
    await expect(findSerialPort(identity, deps('linux', noUdev))).rejects.toMatchObject({ code: 'input/conflict' })
  })

  test('what is no identity is said to be none', async () => {
    await expect(findSerialPort('ttyUSB0', deps('linux', noUdev))).rejects.toMatchObject({ code: 'input/malformed' })
  })
})

describe('Windows', () => {
  const list = async (): Promise<ListedPort[]> => [
    { path: 'COM1', manufacturer: '(Standard port types)', pnpId: 'ACPI\\PNP0501\\0', friendlyName: 'Communications Port (COM1)' },
    { path: 'COM12', manufacturer: 'FTDI', serialNumber: 'A5XK3RJT', pnpId: 'FTDIBUS\\VID_0403+PID_6001+A5XK3RJTA\\0000', friendlyName: 'USB Serial Port (COM12)', vendorId: '0403', productId: '6001' },
    { path: 'COM3', manufacturer: 'wch.cn', serialNumber: '5&2C6BF0&0&4', pnpId: 'USB\\VID_1A86&PID_7523\\5&2C6BF0&0&4', locationId: 'Port_#0004.Hub_#0001', friendlyName: 'USB-SERIAL CH340 (COM3)', vendorId: '1A86', productId: '7523' },
    { path: 'COM7', manufacturer: 'Silicon Labs', serialNumber: '7&1&0&0001', pnpId: 'USB\\VID_10C4&PID_EA70&MI_01\\7&1&0&0001', friendlyName: 'Dual CP2105 (COM7)', vendorId: '10C4', productId: 'EA70' },
  ]
  test('in the order of their numbers, with what the system says of them', async () => {
    expect((await listSerialPorts(deps('win32', list))).map(({ device, displayName, identity }) => [device, displayName, identity])).toEqual([
      ['COM3', 'COM3 | wch.cn | loc Port_#0004.Hub_#0001 | ser 5&2C6BF0&0&4', 'usb://1a86:7523/?at=Port_%230004.Hub_%230001'],
      ['COM7', 'COM7 | Silicon Labs | ser 7&1&0&0001', 'usb://10c4:ea70/?at=7%261%260%260001&channel=1'],
      ['COM12', 'COM12 | FTDI | ser A5XK3RJT', 'usb://0403:6001/A5XK3RJT'],
    ])
  })
  test('each is found again by its identity', async () => {
    for (const { identity, device } of await listSerialPorts(deps('win32', list))) {
      expect(await findSerialPort(identity ?? '', deps('win32', list))).toMatchObject({ device })
    }
  })
  test('there are no aliases', async () => {
    const usb0 = join(root, 'dev/COM3')
    await writeFile(usb0, '')
    await symlink(usb0, join(root, 'dev/uart-x'))
    expect((await listSerialPorts(deps('win32', async () => [{ path: usb0, vendorId: '1a86', productId: '7523' }])))[0]).toMatchObject({ openPath: usb0, identity: undefined })
  })
})

describe('macOS', () => {
  const dual = { manufacturer: 'FTDI', serialNumber: 'FT4XYZ', locationId: '14120000', vendorId: '0403', productId: '6010' }
  const list = async (): Promise<ListedPort[]> => [
    { path: '/dev/tty.Bluetooth-Incoming-Port' },
    { path: '/dev/tty.usbserial-FT4XYZ1', ...dual }, { path: '/dev/tty.usbserial-FT4XYZ0', ...dual },
    { path: '/dev/tty.usbserial-1430', locationId: '14300000', vendorId: '1a86', productId: '7523' },
  ]
  test('the two ports of one adapter are told by the order of their names', async () => {
    expect((await listSerialPorts(deps('darwin', list))).map(({ displayName, identity }) => [displayName, identity])).toEqual([
      ['/dev/tty.usbserial-1430 | Unknown serial adapter | loc 14300000', 'usb://1a86:7523/?at=14300000'],
      ['/dev/tty.usbserial-FT4XYZ0 | FTDI | loc 14120000 | ser FT4XYZ', 'usb://0403:6010/FT4XYZ'],
      ['/dev/tty.usbserial-FT4XYZ1 | FTDI | loc 14120000 | ser FT4XYZ', 'usb://0403:6010/FT4XYZ?channel=1'],
    ])
  })
})

test('a hundred lines that open at once make one list, and the next asker a new one', async () => {
  let made = 0
  const shared = sharedPorts(deps('linux', async () => { made += 1; return Promise.resolve([]) }))
  await Promise.all(Array.from({ length: 100 }, async () => shared.list()))
  expect(made).toBe(1)
  await shared.list()
  expect(made).toBe(2)
})
