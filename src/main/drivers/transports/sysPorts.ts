import { readdir, readFile, realpath } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/** What Linux tells of one USB serial port. */
export interface SysPort {
  readonly device: string
  readonly vendorId: string
  readonly productId: string
  readonly manufacturer: string | undefined
  readonly product: string | undefined
  readonly serialNumber: string | undefined
  readonly place: string
  /** With the interface when the adapter has several. */
  readonly location: string
  readonly channel: string
}

/** From the port up to its USB device there are two or three folders, with hubs of the adapter's own a few more. */
const mostSteps = 8

/** Every USB serial port; empty where there is no /sys. Asks no program, and sees drivers that udev's names do not tell. */
export async function listSysPorts(sysFolder: string, devFolder: string): Promise<readonly SysPort[]> {
  const names = await readdir(sysFolder).catch(() => [])
  const found = await Promise.all(names.map(async (name) => sysPort(sysFolder, devFolder, name)))
  return found.filter((each) => each !== undefined)
}

async function sysPort(sysFolder: string, devFolder: string, name: string): Promise<SysPort | undefined> {
  const portFolder = await realpath(join(sysFolder, name, 'device')).catch(() => undefined)
  if (portFolder === undefined) return undefined
  let interfaceNumber: string | undefined
  for (let folder = portFolder, step = 0; step < mostSteps && folder !== dirname(folder); folder = dirname(folder), step += 1) {
    interfaceNumber ??= await text(folder, 'bInterfaceNumber')
    const [vendorId, productId] = [await text(folder, 'idVendor'), await text(folder, 'idProduct')]
    if (vendorId === undefined || productId === undefined) continue
    const place = basename(folder)
    const onInterface = Number.parseInt(interfaceNumber ?? '0', 16) || 0
    const portNumber = Number(await text(portFolder, 'port_number') ?? '0') || 0
    const hasSeveral = (Number(await text(folder, 'bNumInterfaces')) || 1) > 1
    return {
      device: join(devFolder, name), vendorId: vendorId.toLowerCase(), productId: productId.toLowerCase(), place,
      manufacturer: await text(folder, 'manufacturer'), product: await text(folder, 'product'), serialNumber: await text(folder, 'serial'),
      location: hasSeveral ? `${place}:1.${onInterface}` : place,
      channel: portNumber > 0 ? `${onInterface}.${portNumber}` : String(onInterface),
    }
  }
  return undefined
}

async function text(folder: string, name: string): Promise<string | undefined> {
  const content = await readFile(join(folder, name), 'utf8').catch(() => '')
  return content.trim() || undefined
}
