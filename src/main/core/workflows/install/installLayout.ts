import type { Soc } from '../../../../shared/devices/deviceProfile.schema.ts'
import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import type { OpenIpcRelease, RootfsKind } from '../../../protocols/openipc/release.ts'

export type InstallLayoutName = 'nor8' | 'nor16' | 'nor32' | 'nand'

export interface InstallArea {
  readonly name: 'boot' | 'env' | 'kernel' | 'rootfs'
  readonly offsetBytes: number
  readonly lengthBytes: number
}

export interface InstallLayout {
  readonly name: InstallLayoutName
  readonly flash: 'nor' | 'nand'
  readonly flashBytes: number
  readonly eraseBytes: number
  /** What is written is rounded up to this. */
  readonly writeBytes: number
  readonly boot: InstallArea
  readonly env: InstallArea
  readonly kernel: InstallArea
  /** On NAND all that is left, for UBI. */
  readonly rootfs: InstallArea
  /** Without `mtdparts=` in front. */
  readonly mtdparts: string
}

const kib = 1024
const mib = 1024 * kib

function norLayout(name: InstallLayoutName, flashMib: number, kernelKib: number, rootfsKib: number): InstallLayout {
  return {
    name, flash: 'nor', flashBytes: flashMib * mib, eraseBytes: 64 * kib, writeBytes: 1,
    boot: { name: 'boot', offsetBytes: 0, lengthBytes: 256 * kib },
    env: { name: 'env', offsetBytes: 256 * kib, lengthBytes: 64 * kib },
    kernel: { name: 'kernel', offsetBytes: 320 * kib, lengthBytes: kernelKib * kib },
    rootfs: { name: 'rootfs', offsetBytes: (320 + kernelKib) * kib, lengthBytes: rootfsKib * kib },
    mtdparts: `hi_sfc:256k(boot),64k(env),${kernelKib}k(kernel),${rootfsKib}k(rootfs),-(rootfs_data)`,
  }
}

/** Where OpenIPC's images expect themselves. The 32 MiB text is ours to give: its U-Boot has macros for 8 and 16 MiB only. */
export const installLayouts: Readonly<Record<InstallLayoutName, InstallLayout>> = {
  nor8: norLayout('nor8', 8, 2048, 5120),
  nor16: norLayout('nor16', 16, 3072, 10_240),
  nor32: norLayout('nor32', 32, 3072, 24_576),
  nand: {
    name: 'nand', flash: 'nand', flashBytes: 128 * mib, eraseBytes: 128 * kib, writeBytes: 2 * kib,
    boot: { name: 'boot', offsetBytes: 0, lengthBytes: mib },
    env: { name: 'env', offsetBytes: mib, lengthBytes: mib },
    kernel: { name: 'kernel', offsetBytes: 2 * mib, lengthBytes: 8 * mib },
    rootfs: { name: 'rootfs', offsetBytes: 10 * mib, lengthBytes: 118 * mib },
    mtdparts: 'hinand:1024k(boot),1024k(env),8192k(kernel),-(ubi)',
  },
}

/** The largest layout that the flash chip holds. `flashBytes` is what the camera reported, never what somebody believes. */
export function layoutForFlash(flash: 'nor' | 'nand', flashBytes: number): InstallLayout {
  const fitting = Object.values(installLayouts).filter((each) => each.flash === flash && each.flashBytes <= flashBytes).sort((a, b) => b.flashBytes - a.flashBytes)
  const [layout] = fitting
  if (layout) return layout
  throw new WorkbenchError('input/not-supported', `There is no OpenIPC layout for ${flash.toUpperCase()} flash of ${flashBytes / mib} MiB`, {
    context: { flash, flashBytes }, hint: flash === 'nor' ? 'OpenIPC needs at least 8 MiB of NOR flash' : 'OpenIPC needs at least 128 MiB of NAND flash',
  })
}

export interface InstallWish {
  readonly layout: InstallLayout
  /** As the camera reported it. */
  readonly flash: { readonly kind: 'nor' | 'nand'; readonly lengthBytes: number; readonly eraseBytes: number }
  readonly soc: Soc
  readonly release: OpenIpcRelease
  readonly uboot: Uint8Array
}

/** What goes where. The boot loader is filled up with ff, so that nothing of an older one stays behind it. */
export interface InstallPart {
  readonly area: InstallArea
  readonly bytes: Uint8Array
  /** `raw`: to the area as it is. `ubi-volume`: into a volume that is made there, because bad blocks move everything that is written raw. */
  readonly writeAs: 'raw' | 'ubi-volume'
}

export interface InstallParts {
  readonly parts: readonly InstallPart[]
  readonly warnings: readonly string[]
}

/** Refuses before anything is written: another chip's files, another kind of flash, whatever does not fit. */
export function placeRelease(wish: InstallWish): InstallParts {
  const { layout, release, uboot } = wish
  const warnings = [...release.warnings]
  checkFlash(wish)
  checkChip(wish)
  if (layout.flash === 'nor' && release.rootfsKind !== 'squashfs') {
    throw new WorkbenchError('input/conflict', `${release.rootfs.name} is for NAND flash and this camera has NOR`, { context: { file: release.rootfs.name, flash: layout.flash }, hint: 'Choose the nor release of this chip' })
  }
  if (layout.flash === 'nand' && release.kind === 'nor') warnings.push(`${release.rootfs.name} was built for NOR flash; it goes into a UBI volume`)
  checkUbi(wish)
  checkFits('The U-Boot image', uboot.length, layout.boot)
  checkFits(release.kernel.name, release.kernel.bytes.length, layout.kernel)
  checkFits(release.rootfs.name, rootfsNeedBytes(layout, release), layout.rootfs)
  const padded = new Uint8Array(layout.boot.lengthBytes).fill(0xff)
  padded.set(uboot)
  return {
    parts: [
      { area: layout.boot, bytes: padded, writeAs: 'raw' },
      { area: layout.kernel, bytes: release.kernel.bytes, writeAs: 'raw' },
      { area: layout.rootfs, bytes: release.rootfsBytes, writeAs: layout.flash === 'nand' ? 'ubi-volume' : 'raw' },
    ],
    warnings,
  }
}

function checkFlash({ layout, flash }: InstallWish): void {
  if (flash.kind !== layout.flash) {
    throw new WorkbenchError('input/conflict', `The layout is for ${layout.flash.toUpperCase()} flash and this camera has ${flash.kind.toUpperCase()}`, { context: { layout: layout.name, flash: flash.kind } })
  }
  if (flash.lengthBytes < layout.flashBytes) {
    throw new WorkbenchError('input/too-large', `The layout needs ${layout.flashBytes / mib} MiB and this camera's flash has ${flash.lengthBytes / mib}`, { context: { layout: layout.name, flashBytes: flash.lengthBytes }, hint: 'Choose a smaller layout' })
  }
  if (flash.eraseBytes <= 0 || layout.eraseBytes % flash.eraseBytes !== 0) {
    throw new WorkbenchError('input/conflict', `This flash is erased in blocks of ${flash.eraseBytes} bytes and the layout was made for ${layout.eraseBytes}`, { context: { eraseBytes: flash.eraseBytes, layout: layout.name } })
  }
}

function checkChip({ soc, release }: InstallWish): void {
  // Chips that share a U-Boot share its firmware as well.
  if (release.soc === undefined || release.soc === soc.name || release.soc === soc.ubootName) return
  throw new WorkbenchError('input/conflict', `This release is for ${release.soc} and the camera has ${soc.name}`, { context: { release: release.soc, chip: soc.name }, hint: `Choose the release of ${soc.name}` })
}

function checkUbi({ layout, flash, release }: InstallWish): void {
  if (layout.flash === 'nor') return
  const { fileSystem, rootfs } = release
  const lebBytes = lebBytesOf(layout)
  if (fileSystem.kind === 'ubifs' && fileSystem.lebBytes !== lebBytes) {
    throw new WorkbenchError('input/conflict', `The UBIFS in ${rootfs.name} was made for logical blocks of ${fileSystem.lebBytes} bytes, and UBI has ${lebBytes} in this layout`, {
      context: { imageLebBytes: fileSystem.lebBytes, lebBytes }, hint: 'Nobody could mount it; choose a release for NAND with pages of 2 KiB and a page for each of UBI\'s headers',
    })
  }
  if (!release.ubi || release.ubi.eraseBytes === flash.eraseBytes) return
  throw new WorkbenchError('input/conflict', `${release.rootfs.name} was made for erase blocks of ${release.ubi.eraseBytes} bytes and this flash has ${flash.eraseBytes}`, {
    context: { imageEraseBytes: release.ubi.eraseBytes, eraseBytes: flash.eraseBytes }, hint: 'UBIFS works only on blocks of the size it was made for; choose another release',
  })
}

/** Each of UBI's two headers has a page of its own; the kernel is told so on its command line. */
export const lebBytesOf = ({ eraseBytes, writeBytes }: InstallLayout): number => eraseBytes - 2 * writeBytes

/** UBI keeps two blocks for its table and one for wear levelling in each device, and one in fifty for those that go bad. */
const ubiOverheadBlocks = (blocks: number): number => 4 + Math.ceil(blocks / 50)

function rootfsNeedBytes(layout: InstallLayout, release: OpenIpcRelease): number {
  if (layout.flash === 'nor') return release.rootfsBytes.length
  const lebBytes = lebBytesOf(layout)
  const blocks = layout.rootfs.lengthBytes / layout.eraseBytes
  return (Math.ceil(release.rootfsBytes.length / lebBytes) + ubiOverheadBlocks(blocks)) * layout.eraseBytes
}

function checkFits(what: string, neededBytes: number, { name, lengthBytes }: InstallArea): void {
  if (neededBytes <= lengthBytes) return
  throw new WorkbenchError('input/too-large', `${what} needs ${neededBytes} bytes and the ${name} partition has ${lengthBytes}`, {
    context: { partition: name, neededBytes, partitionBytes: lengthBytes }, hint: name === 'boot' ? 'Choose another U-Boot image' : 'Choose a smaller release (lite) or a layout for a larger flash',
  })
}

export interface BootSettings {
  /** Set before the first start, in this order; then `saveenv`. `\${…}` and `\\;` stay for U-Boot to read. */
  readonly variables: ReadonlyMap<string, string>
  /**
   * The camera's own command for `mtdparts`, where its environment has one: its text is taken instead of ours, because the device's name in
   * it is that of this build. It is read, and never run.
   */
  readonly mtdpartsMacro: 'mtdpartsnor8m' | 'mtdpartsnor16m' | undefined
  /** Variables of the camera's own U-Boot that these lean on: without them it would not start. */
  readonly needs: readonly string[]
}

/**
 * What makes U-Boot start the installed system. `memory` is Linux's `mem=`, such as `32M`, from the camera's own `osmem`; NOR takes it from there by itself.
 * A default bootargs for squashfs makes the kernel panic on UBIFS, so NAND gets its own.
 */
export function bootSettingsFor(layout: InstallLayout, rootfsKind: RootfsKind, memory: string | undefined): BootSettings {
  if (layout.flash === 'nor') {
    return { variables: new Map([['mtdparts', layout.mtdparts], ['bootcmd', '${bootcmdnor}']]), mtdpartsMacro: layout.name === 'nor8' ? 'mtdpartsnor8m' : layout.name === 'nor16' ? 'mtdpartsnor16m' : undefined, needs: ['bootcmdnor'] }
  }
  if (memory === undefined || !/^[1-9]\d{0,3}M$/.test(memory)) {
    throw new WorkbenchError('input/malformed', `"${(memory ?? '').slice(0, 20)}" is not an amount of memory for Linux`, { hint: 'The camera\'s U-Boot variable osmem has it, such as 64M' })
  }
  const root = rootfsKind === 'ubifs-in-ubi' || rootfsKind === 'ubifs' ? 'root=ubi0:rootfs rootfstype=ubifs' : 'root=/dev/ubiblock0_0 rootfstype=squashfs ubi.block=0,0 init=/init'
  const { offsetBytes, lengthBytes } = layout.kernel
  return {
    variables: new Map([
      ['mtdparts', layout.mtdparts],
      ['bootargs', `${root} mem=${memory} console=ttyAMA0,115200 panic=20 ubi.mtd=3,2048 mtdparts=${layout.mtdparts}`],
      ['bootcmd', `nand read \${baseaddr} 0x${offsetBytes.toString(16)} 0x${lengthBytes.toString(16)}\\; bootm \${baseaddr}`],
    ]),
    mtdpartsMacro: undefined,
    needs: ['baseaddr'],
  }
}
