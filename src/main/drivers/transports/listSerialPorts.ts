import { readdir, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { SerialPort } from 'serialport'

export interface SerialPortEntry {
  /** What to open: the stable alias when there is one. */
  readonly openPath: string
  readonly device: string
  /** Maker, serial number, USB ids; empty when the system does not tell. */
  readonly description: string
}

export interface SerialPortsDeps {
  readonly list: () => Promise<readonly { readonly path: string; readonly manufacturer?: string | undefined; readonly serialNumber?: string | undefined; readonly vendorId?: string | undefined; readonly productId?: string | undefined }[]>
  readonly sysFolder: string
  readonly devFolder: string
}

export const systemPorts: SerialPortsDeps = { list: async () => SerialPort.list(), sysFolder: '/sys/class/tty', devFolder: '/dev' }

/** Sorted by device. An empty list is an answer: pseudo terminals and typed paths are never in it. */
export async function listSerialPorts(deps: SerialPortsDeps = systemPorts): Promise<readonly SerialPortEntry[]> {
  // The package asks udevadm, which minimal systems do not have.
  const found = await deps.list().catch(async () => fromSys(deps))
  const aliases = await findAliases(deps.devFolder)
  return found
    .map(({ path, manufacturer, serialNumber, vendorId, productId }) => ({
      device: path,
      openPath: aliases.get(path) ?? path,
      description: [manufacturer, serialNumber && `ser ${serialNumber}`, vendorId && productId && `${vendorId}:${productId}`].filter(Boolean).join(' | '),
    }))
    .sort((a, b) => a.device.localeCompare(b.device, 'en', { numeric: true }))
}

/** Only what has a device behind it: /sys lists 64 virtual terminals too, and they have none. */
async function fromSys({ sysFolder, devFolder }: SerialPortsDeps): Promise<{ path: string; manufacturer?: string; serialNumber?: string; vendorId?: string; productId?: string }[]> {
  // No /sys (macOS, containers): nothing can be listed, and a path can still be typed.
  const names = await readdir(sysFolder).catch(() => [])
  const real = await Promise.all(names.map(async (name) => {
    const device = await realpath(join(sysFolder, name, 'device')).catch(() => undefined)
    return device === undefined || device.includes('/serial8250') ? undefined : { path: join(devFolder, name) }
  }))
  return real.filter((each) => each !== undefined)
}

/** A stable name survives another order of plugging in. The first kind that has one wins. */
async function findAliases(devFolder: string): Promise<ReadonlyMap<string, string>> {
  const aliases = new Map<string, string>()
  for (const [folder, prefix] of [[devFolder, 'uart-'], [join(devFolder, 'serial/by-id'), ''], [join(devFolder, 'serial/by-path'), '']] as const) {
    const names = await readdir(folder).catch(() => [])
    for (const name of names.filter((each) => each.startsWith(prefix)).sort()) {
      const alias = join(folder, name)
      const device = await realpath(alias).catch(() => undefined)
      if (device !== undefined && device !== alias && !aliases.has(device)) aliases.set(device, alias)
    }
  }
  return aliases
}
