import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { type FileSystemFacts, fileSystemOf } from '../ubi/fileSystems.ts'
import { isUbiImage, parseUbi } from '../ubi/parser.ts'
import { type UbiVolume, volumeBytes } from '../ubi/volumes.ts'
import { parseKernelImage } from './kernelImage.ts'

export interface ReleaseMember {
  /** As the archive has it, without `./` in front. */
  readonly name: string
  readonly bytes: Uint8Array
}

export interface ReleaseFile extends ReleaseMember {
  /** `not-there`: the release has no checksum for it, so nothing proves that it is whole. A wrong checksum is an error. */
  readonly md5: 'matches' | 'not-there'
}

export type RootfsKind = 'squashfs' | 'ubifs' | 'squashfs-in-ubi' | 'ubifs-in-ubi'

export interface OpenIpcRelease {
  readonly kind: 'nor' | 'nand'
  /** From the ending of the names; `undefined` where they have none. */
  readonly soc: string | undefined
  readonly kernel: ReleaseFile
  readonly kernelName: string
  readonly rootfs: ReleaseFile
  readonly rootfsKind: RootfsKind
  readonly fileSystem: FileSystemFacts
  /** The root file system itself: the file, or the contents of its UBI volume (a copy then). */
  readonly rootfsBytes: Uint8Array
  /** Of the UBI image: erase size that it was made for. */
  readonly ubi: { readonly eraseBytes: number; readonly volumeName: string } | undefined
  readonly warnings: readonly string[]
}

export interface ReleaseTools {
  readonly md5Hex: (bytes: Uint8Array) => string
}

const malformed = (message: string, hint = 'Download the release again'): WorkbenchError => new WorkbenchError('input/malformed', message, { hint })

/**
 * A firmware release as OpenIPC publishes it: `uImage.SOC`, `rootfs.squashfs.SOC` or `rootfs.ubi.SOC`, each with an optional `.md5sum`.
 * Everything is checked here; nothing later looks at the files again. `input/malformed`, `input/not-found`, `input/conflict`.
 */
export function readRelease(members: readonly ReleaseMember[], tools: ReleaseTools): OpenIpcRelease {
  const warnings: string[] = []
  const files = members.filter(({ name }) => !name.includes('/'))
  const content = files.filter(({ name }) => !name.endsWith('.md5sum'))
  const kernelFile = theOne(content, /^uImage(\.|$)/, 'kernel (uImage)')
  const rootfsFile = theOne(content, /^rootfs\.(squashfs|ubi|ubifs)(\.|$)/, 'root file system (rootfs.squashfs or rootfs.ubi)')
  for (const { name } of files) {
    const isKnown = [kernelFile, rootfsFile].some((each) => name === each.name || name === `${each.name}.md5sum`)
    if (!isKnown) warnings.push(`${name} is not used`)
  }
  const kernel = withChecksum(kernelFile, files, tools, warnings)
  const rootfs = withChecksum(rootfsFile, files, tools, warnings)
  const soc = socOf(kernel.name, rootfs.name)
  if (soc === undefined) warnings.push('The file names do not tell the chip, so nothing shows that this release is for it')
  const root = readRootfs(rootfs, warnings)
  return { kind: root.rootfsKind === 'squashfs' ? 'nor' : 'nand', soc, kernel, kernelName: checkKernel(kernel), rootfs, ...root, warnings }
}

function theOne(files: readonly ReleaseMember[], pattern: RegExp, what: string): ReleaseMember {
  const found = files.filter(({ name }) => pattern.test(name))
  const [only, second] = found
  if (!only) throw new WorkbenchError('input/not-found', `The release holds no ${what}`, { hint: 'Choose the .tgz of an OpenIPC firmware release' })
  if (second) throw new WorkbenchError('input/conflict', `The release holds more than one ${what}: ${found.slice(0, 5).map(({ name }) => name).join(', ')}`, { hint: 'Nobody can say which is meant; take a release with one' })
  if (only.bytes.length === 0) throw malformed(`${only.name} is empty`)
  return only
}

function withChecksum(file: ReleaseMember, files: readonly ReleaseMember[], { md5Hex }: ReleaseTools, warnings: string[]): ReleaseFile {
  const sum = files.find(({ name }) => name === `${file.name}.md5sum`)
  if (!sum) {
    warnings.push(`There is no checksum for ${file.name}`)
    return { ...file, md5: 'not-there' }
  }
  const wanted = /^\s*([0-9a-f]{32})(?:\s|$)/i.exec(new TextDecoder().decode(sum.bytes.subarray(0, 4096)))?.[1]?.toLowerCase()
  if (wanted === undefined) throw malformed(`${sum.name} holds no MD5 checksum`)
  const found = md5Hex(file.bytes)
  if (found !== wanted) throw malformed(`${file.name} does not match its checksum: ${found} instead of ${wanted}`)
  return { ...file, md5: 'matches' }
}

const socEnding = (name: string): string | undefined => /^(?:uImage|rootfs\.[a-z]+)\.(\w[\w-]{1,31})$/.exec(name)?.[1]?.toLowerCase()

function socOf(kernelName: string, rootfsName: string): string | undefined {
  const [kernel, rootfs] = [socEnding(kernelName), socEnding(rootfsName)]
  if (kernel !== undefined && rootfs !== undefined && kernel !== rootfs) {
    throw new WorkbenchError('input/conflict', `The kernel is for ${kernel} and the root file system for ${rootfs}`, { context: { kernel, rootfs }, hint: 'Take both from one release' })
  }
  return kernel ?? rootfs
}

function checkKernel({ name, bytes }: ReleaseFile): string {
  const kernel = parseKernelImage(bytes)
  if (typeof kernel !== 'string') return kernel.name
  const words = { 'not-a-uimage': 'is not a U-Boot kernel image', 'damaged-header': 'has a damaged header', 'cut-off': 'is cut off', 'damaged-contents': 'is damaged: its checksum is wrong' } as const
  throw malformed(`${name} ${words[kernel]}`)
}

type Root = Pick<OpenIpcRelease, 'rootfsKind' | 'fileSystem' | 'rootfsBytes' | 'ubi'>

function readRootfs({ name, bytes }: ReleaseFile, warnings: string[]): Root {
  const inUbi = isUbiImage(bytes)
  if (inUbi !== /^rootfs\.ubi(\.|$)/.test(name)) throw malformed(`${name} ${inUbi ? 'is a UBI image, which its name does not say' : 'is not a UBI image'}`)
  return inUbi ? readUbiRootfs(name, bytes, warnings) : readPlainRootfs(name, bytes)
}

function readPlainRootfs(name: string, bytes: Uint8Array, lebs?: number): Root {
  const fileSystem = fileSystemOf(bytes)
  if (!fileSystem) throw malformed(`${name} holds neither squashfs nor UBIFS`)
  if (fileSystem.kind === 'squashfs' && fileSystem.usedBytes > bytes.length) throw malformed(`${name} is cut off: its squashfs has ${fileSystem.usedBytes} bytes and the file ${bytes.length}`)
  if (fileSystem.kind === 'ubifs' && !fileSystem.crcOk) throw malformed(`${name} is damaged: the checksum of its UBIFS superblock is wrong`)
  const heldLebs = lebs ?? (fileSystem.kind === 'ubifs' ? bytes.length / fileSystem.lebBytes : 0)
  // The tools write empty blocks out as well, so that a file which was cut at a block shows here.
  if (fileSystem.kind === 'ubifs' && heldLebs < fileSystem.lebs) throw malformed(`${name} is cut off: its UBIFS has ${fileSystem.lebs} blocks and ${heldLebs} are there`)
  return { rootfsKind: fileSystem.kind, fileSystem, rootfsBytes: bytes, ubi: undefined }
}

function readUbiRootfs(name: string, bytes: Uint8Array, warnings: string[]): Root {
  const image = parseUbi(bytes, { name })
  const fatal = image.problems.find(({ severity }) => severity === 'error')
  if (fatal) throw malformed(`${name} is damaged. ${fatal.message}`)
  warnings.push(...image.problems.slice(0, 10).map(({ message }) => `${name}: ${message}`))
  const volume = rootVolume(name, image.volumes)
  if (volume.missing.length > 0) throw malformed(`${name} is damaged: ${volume.missing.length} blocks of its volume are missing`)
  const rootfsBytes = volumeBytes(volume)
  const { rootfsKind, fileSystem } = readPlainRootfs(name, rootfsBytes, volume.lebs.length)
  return { rootfsKind: rootfsKind === 'ubifs' ? 'ubifs-in-ubi' : 'squashfs-in-ubi', fileSystem, rootfsBytes, ubi: { eraseBytes: image.eraseBytes, volumeName: volume.name ?? '' } }
}

/** The one called rootfs; with a single volume its name does not matter. */
function rootVolume(name: string, volumes: readonly UbiVolume[]): UbiVolume {
  const [only, second] = volumes
  if (!only) throw malformed(`${name} holds no volume`)
  const named = volumes.find((each) => each.name === 'rootfs')
  if (named) return named
  if (second) throw new WorkbenchError('input/conflict', `${name} holds ${volumes.length} volumes and none is called rootfs`, { context: { volumes: volumes.map((each) => each.name ?? each.id).join(', ').slice(0, 200) } })
  return only
}
