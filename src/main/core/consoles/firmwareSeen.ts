import { sensorOf } from './boardSeen.ts'

/** What the lines of a start say about what is installed; empty for what they have not said. */
export interface FirmwareSeen {
  readonly system: string
  readonly kernel: string
  readonly uboot: string
  /** It is no firmware, but what decides which one a camera needs, and what a group of cameras is told by. */
  readonly sensor: string
}

export const nothingSeen: FirmwareSeen = { system: '', kernel: '', uboot: '', sensor: '' }

// All of it came over a wire: short, and of letters that a version has.
const version = '[\\w.+-]{1,32}'
/** With its date, as the boot watch wants it: a help text names U-Boot, too. */
const uboot = /^U-Boot (?!SPL|TPL)([\w+-]{0,16}\d{4}\.\d\d[\w.+-]{0,16})/
const isOpenipcUboot = /\bOpenIPC\b/
const kernel = new RegExp(`^(?:\\[ *\\d+\\.\\d+\\] )?Linux version (\\d${version})`)
const release = new RegExp(`^(?:Welcome to )?OpenIPC (?:Firmware )?v?(\\d${version})`, 'i')
/** A shell's answer to `cat /etc/os-release`. */
const osRelease = new RegExp(`^OPENIPC_VERSION="?(\\d${version})"?`)
const greeting = /^Welcome to OpenIPC\b/
/** Nearly no line; the patterns that read it are long. */
const mayNameSensor = /sensor/i

/** The same value where a line says nothing new. */
export function seeFirmware(seen: FirmwareSeen, line: string): FirmwareSeen {
  const found = (key: keyof FirmwareSeen, text: string): FirmwareSeen => (seen[key] === text ? seen : { ...seen, [key]: text })
  const boot = uboot.exec(line)?.[1]
  // Another start, perhaps of another system: what the last one said counts no more. A sensor is not changed by a start.
  if (boot !== undefined) return { system: '', kernel: '', sensor: seen.sensor, uboot: `U-Boot ${boot}${isOpenipcUboot.test(line) ? ' (OpenIPC)' : ''}` }
  const linux = kernel.exec(line)?.[1]
  if (linux !== undefined) return found('kernel', `Linux ${linux}`)
  const system = (release.exec(line) ?? osRelease.exec(line))?.[1]
  if (system !== undefined) return found('system', `OpenIPC ${system}`)
  const sensor = mayNameSensor.test(line) ? sensorOf(line) : undefined
  if (sensor !== undefined) return found('sensor', sensor)
  return seen.system === '' && greeting.test(line) ? found('system', 'OpenIPC') : seen
}

/** The most telling first. */
export const firmwareText = ({ system, kernel: linux, uboot: boot, sensor }: FirmwareSeen): string => [system, linux, boot, sensor].filter(Boolean).join(' · ')
