import { crc32 } from '../../shared/bytes/crc32.ts'
import { blockBytes, type NorFlash } from './memory.ts'
import { nandPageBytes, type NandFlash } from './nandFlash.ts'

export const environmentOffset = 0x40000
const nandEnvironmentOffset = 0x100000
export const environmentBytes = blockBytes

export type Environment = Map<string, string>

/** The address that is compiled into such builds; a fleet with wiped environments shares it. */
const compiledMac = '00:00:23:34:45:66'

export interface FlashLayout {
  readonly kernelOffset: number
  readonly kernelBytes: number
  readonly rootfsOffset: number
  readonly rootfsBytes: number
  readonly mtdparts: string
}

export function layoutOf(flashMb: number): FlashLayout {
  const kernelKib = flashMb <= 8 ? 2048 : 3072
  const rootfsKib = flashMb <= 8 ? 5120 : flashMb <= 16 ? 10240 : 24576
  const kernelOffset = environmentOffset + environmentBytes
  return {
    kernelOffset,
    kernelBytes: kernelKib * 1024,
    rootfsOffset: kernelOffset + kernelKib * 1024,
    rootfsBytes: rootfsKib * 1024,
    mtdparts: `hi_sfc:256k(boot),64k(env),${kernelKib}k(kernel),${rootfsKib}k(rootfs),-(rootfs_data)`,
  }
}

export function defaultEnvironment(soc: string, flashMb: number): Environment {
  const { mtdparts, kernelOffset } = layoutOf(flashMb)
  return new Map([
    ['baseaddr', '0x42000000'],
    ['baudrate', '115200'],
    ['bootargs', 'mem=32M console=ttyAMA0,115200 panic=20 root=/dev/mtdblock3 rootfstype=squashfs init=/init'],
    ['bootcmd', 'run bootcmdnor'],
    ['bootcmdnor', 'setenv bootargs mem=${osmem} console=ttyAMA0,115200 panic=20 root=/dev/mtdblock3 rootfstype=squashfs init=/init '
      + `mtdparts=\${mtdparts}; sf probe 0; sf read \${baseaddr} 0x${kernelOffset.toString(16)} 0x300000; bootm \${baseaddr}`],
    ['bootdelay', '1'],
    ['ethact', 'eth0'],
    ['ethaddr', compiledMac],
    ['gatewayip', '192.168.1.1'],
    ['ipaddr', '192.168.1.10'],
    ['mtdparts', mtdparts],
    ['mtdpartsnor8m', `setenv mtdparts ${layoutOf(8).mtdparts}`],
    ['mtdpartsnor16m', `setenv mtdparts ${layoutOf(16).mtdparts}`],
    ['netmask', '255.255.255.0'],
    ['osmem', '32M'],
    ['serverip', '192.168.1.107'],
    ['setnor8m', 'run mtdpartsnor8m; setenv bootcmd ${bootcmdnor}; saveenv; reset'],
    ['setnor16m', 'run mtdpartsnor16m; setenv bootcmd ${bootcmdnor}; saveenv; reset'],
    ['soc', soc],
    ['totalmem', '64M'],
  ])
}

/** CRC-32 (little-endian) over the rest, then `name=value` texts, each ended by a zero, and one more zero. Backslashes are doubled. */
export function encodeEnvironment(variables: Environment): Uint8Array | undefined {
  const text = [...variables].map(([name, value]) => `${name}=${value.replaceAll('\\', '\\\\')}\0`).join('')
  const body = new TextEncoder().encode(`${text}\0`)
  if (body.length > environmentBytes - 4) return undefined
  const image = new Uint8Array(environmentBytes)
  image.set(body, 4)
  new DataView(image.buffer).setUint32(0, crc32(image.subarray(4)), true)
  return image
}

/** `undefined` when the CRC is wrong, as U-Boot judges it. */
export function decodeEnvironment(image: Uint8Array): Environment | undefined {
  const stored = new DataView(image.buffer, image.byteOffset, image.byteLength).getUint32(0, true)
  if (stored !== crc32(image.subarray(4))) return undefined
  const variables: Environment = new Map()
  for (const entry of new TextDecoder('latin1').decode(image.subarray(4)).split('\0')) {
    if (entry === '') break
    const equals = entry.indexOf('=')
    if (equals > 0) variables.set(entry.slice(0, equals), entry.slice(equals + 1).replaceAll(/\\(.)/g, '$1'))
  }
  return variables
}

/** Where this build keeps its variables. */
export interface EnvironmentHome {
  readonly name: 'SPI Flash' | 'NAND'
  stored(): Uint8Array
  write(image: Uint8Array): void
}

export const norHome = (flash: NorFlash): EnvironmentHome => ({
  name: 'SPI Flash',
  stored: () => flash.cells.subarray(environmentOffset, environmentOffset + environmentBytes),
  write: (image) => {
    flash.erase(environmentOffset, environmentBytes)
    flash.program(environmentOffset, image)
  },
})

/** In its own partition of the usual table; a bad block there is skipped by nobody here. */
export const nandHome = (nand: NandFlash): EnvironmentHome => ({
  name: 'NAND',
  stored: () => nand.read(nandEnvironmentOffset, environmentBytes),
  write: (image) => {
    nand.erase(nandEnvironmentOffset)
    for (let at = 0; at < image.length; at += nandPageBytes) nand.program(nandEnvironmentOffset + at, image.subarray(at, at + nandPageBytes))
  },
})
