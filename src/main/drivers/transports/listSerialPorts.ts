import { readdir, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { choosePort, identitiesOf, type UsbFacts } from './serialIdentity.ts'
import { listSysPorts } from './sysPorts.ts'

export interface SerialPortEntry extends UsbFacts {
  readonly device: string
  readonly aliasDevice: string | undefined
  /** What to open: the stable alias when there is one. */
  readonly openPath: string
  /** Maker and product, place, serial number; never empty. */
  readonly adapter: string
  /** For a list: alias, device and adapter. */
  readonly displayName: string
  /** The system's own words; empty when it has none. */
  readonly description: string
  readonly manufacturer: string | undefined
  readonly product: string | undefined
  readonly location: string | undefined
  /** Stays when ports are numbered anew; `undefined` where the system tells too little. To be opened as an address. */
  readonly identity: string | undefined
}

/** As the package lists a port; what a system does not tell is left out. */
export interface ListedPort {
  readonly path: string
  readonly manufacturer?: string | undefined
  readonly serialNumber?: string | undefined
  readonly pnpId?: string | undefined
  readonly locationId?: string | undefined
  readonly friendlyName?: string | undefined
  readonly vendorId?: string | undefined
  readonly productId?: string | undefined
}

export interface SerialPortsDeps {
  readonly list: () => Promise<readonly ListedPort[]>
  readonly platform: string
  readonly sysFolder: string
  readonly devFolder: string
}

export const systemPorts = (platform: string): SerialPortsDeps => ({ list: async () => (await import('serialport')).SerialPort.list(), platform, sysFolder: '/sys/class/tty', devFolder: '/dev' })

/** Who asks while a list is being made gets that one: it costs half a second and a process, and a rack opens a hundred lines at once. */
export function sharedPorts(deps: SerialPortsDeps = systemPorts(process.platform)): SerialPortsDeps {
  let making: ReturnType<SerialPortsDeps['list']> | undefined
  return { ...deps, list: async () => (making ??= deps.list().finally(() => { making = undefined })) }
}

type Facts = UsbFacts & Pick<SerialPortEntry, 'device' | 'description' | 'manufacturer' | 'product' | 'location'>

/** The USB adapters, sorted by device. An empty list is an answer: pseudo terminals and typed paths are never in it. */
export async function listSerialPorts(deps: SerialPortsDeps = systemPorts(process.platform)): Promise<readonly SerialPortEntry[]> {
  const facts = numbered(await readFacts(deps))
  const identities = identitiesOf(facts)
  const aliases = deps.platform === 'win32' ? new Map<string, string>() : await findAliases(deps.devFolder)
  return facts.map((each, index) => {
    const aliasDevice = aliases.get(each.device)
    const adapter = adapterText(each)
    return {
      ...each, aliasDevice, openPath: aliasDevice ?? each.device, adapter, identity: identities[index],
      displayName: `${aliasDevice === undefined ? '' : `${aliasDevice} -> `}${each.device} | ${adapter}`,
    }
  })
}

/** Where that adapter is now. `link/unreachable`: not plugged in; `input/conflict`: several answer to it. */
export async function findSerialPort(identity: string, deps?: SerialPortsDeps): Promise<SerialPortEntry> {
  return choosePort(identity, await listSerialPorts(deps))
}

/** With the field names that the scripts of the public tool read. */
export function serialPortJson(port: SerialPortEntry): Readonly<Record<string, string | number | null>> {
  const hardware = [
    `USB VID:PID=${port.vendorId.toUpperCase()}:${port.productId.toUpperCase()}`,
    ...(port.serialNumber === undefined ? [] : [`SER=${port.serialNumber}`]), ...(port.location === undefined ? [] : [`LOCATION=${port.location}`]),
  ]
  return {
    device: port.device, description: port.description, hwid: hardware.join(' '), alias_device: port.aliasDevice ?? null, open_path: port.openPath,
    display_name: port.displayName, manufacturer: port.manufacturer ?? null, product: port.product ?? null, serial_number: port.serialNumber ?? null,
    location: port.location ?? null, vid: Number.parseInt(port.vendorId, 16), pid: Number.parseInt(port.productId, 16), identity: port.identity ?? null,
  }
}

async function readFacts({ list, platform, sysFolder, devFolder }: SerialPortsDeps): Promise<Facts[]> {
  const fromSys = platform === 'linux' ? await listSysPorts(sysFolder, devFolder) : []
  // The package asks udevadm on Linux, which minimal systems do not have.
  const listed = await list().catch(() => [])
  const facts = new Map<string, Facts>()
  for (const port of listed) {
    const each = factsOf(port)
    if (each) facts.set(each.device, each)
  }
  for (const port of fromSys) {
    const product = cleaned(port.product)
    facts.set(port.device, {
      ...port, manufacturer: cleaned(port.manufacturer), product, serialNumber: cleaned(port.serialNumber), description: product ?? '',
    })
  }
  return [...facts.values()].sort((a, b) => a.device.localeCompare(b.device, 'en', { numeric: true }))
}

/** `undefined` for what is no USB adapter: built-in ports and Bluetooth. */
function factsOf(port: ListedPort): Facts | undefined {
  const [vendorId, productId] = [usbId(port.vendorId), usbId(port.productId)]
  if (vendorId === undefined || productId === undefined) return undefined
  const location = cleaned(port.locationId)
  const instance = /^USB\\[^\\]+\\(.+)$/.exec(port.pnpId ?? '')?.[1]
  const interfaceNumber = /&MI_([0-9a-f]{2})/i.exec(port.pnpId ?? '')?.[1]
  return {
    device: port.path, vendorId, productId, manufacturer: cleaned(port.manufacturer), product: undefined, serialNumber: cleaned(port.serialNumber),
    description: cleaned(port.friendlyName) ?? '', location, place: location ?? cleaned(instance),
    channel: interfaceNumber === undefined ? '' : String(Number.parseInt(interfaceNumber, 16)),
  }
}

/** Where the system does not number the ports of one adapter, their names do: they come and go together. */
function numbered(ports: readonly Facts[]): Facts[] {
  const counts = new Map<string, number>()
  return ports.map((port) => {
    if (port.channel !== '') return port
    const key = JSON.stringify([port.vendorId, port.productId, port.serialNumber, port.place])
    const before = port.place === undefined ? 0 : counts.get(key) ?? 0
    counts.set(key, before + 1)
    return { ...port, channel: String(before) }
  })
}

function adapterText({ manufacturer, product, description, location, serialNumber }: Facts): string {
  const named = [manufacturer, product].filter((part) => part !== undefined).join(' ')
  return [
    named || description || 'Unknown serial adapter', ...(location === undefined ? [] : [`loc ${location}`]), ...(serialNumber === undefined ? [] : [`ser ${serialNumber}`]),
  ].join(' | ')
}

const usbId = (text: string | undefined): string | undefined => (text !== undefined && /^[0-9a-f]{1,4}$/i.test(text) ? text.toLowerCase().padStart(4, '0') : undefined)

/** An adapter may say anything of itself, and it ends up on terminals. */
function cleaned(text: string | undefined): string | undefined {
  const letters = [...(text ?? '').replaceAll(/[^\x20-\x7e\xa0-\u{10ffff}]/gu, '?').trim()]
  return letters.length === 0 ? undefined : letters.slice(0, 120).join('')
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
