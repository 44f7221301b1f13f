import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'

const maxProfileBytes = 256 * 1024
const maxUbootBytes = 4 * 1024 * 1024
/** Its SPL alone is larger. What is loaded instead would be nothing, and the U-Boot that answers the camera's own. */
export const leastUbootBytes = 8 * 1024

export interface BootFileWish {
  readonly chip: string
  /** Name of the public U-Boot build for this chip. */
  readonly ubootName: string | undefined
  readonly profilePath: string | undefined
  readonly ubootPath: string | undefined
  readonly dataFolder: string
}

export interface FoundBootFiles {
  readonly profile: { readonly path: string; readonly text: string } | WorkbenchError
  readonly uboot: { readonly path: string; readonly bytes: Uint8Array } | WorkbenchError
}

/** The two files that nobody may ship with the product, where the person says they are. */
export async function findBootFiles(wish: BootFileWish): Promise<FoundBootFiles> {
  const profilePath = wish.profilePath ?? join(wish.dataFolder, 'profiles', `${wish.chip}.json`)
  const ubootPath = wish.ubootPath ?? join(wish.dataFolder, 'uboot', `u-boot-${wish.ubootName ?? wish.chip}-universal.bin`)
  const [profile, uboot] = await Promise.all([
    readBounded(profilePath, maxProfileBytes).catch((error: unknown) =>
      missing(error, profilePath, `The boot profile of ${wish.chip} is missing: ${profilePath}`,
        'It is the file CHIP.json of the public recovery tool (its profiles folder holds the DDR steps): import that folder (rackbench profiles import FOLDER|FILE|URL), or give the file with --profile')),
    readBounded(ubootPath, maxUbootBytes).catch((error: unknown) =>
      missing(error, ubootPath, `The U-Boot image of ${wish.chip} is missing: ${ubootPath}`,
        wish.ubootName === undefined
          ? `No public build is known for this chip; give an image of your own (rackbench uboot ${wish.chip} --file FILE)`
          : `It is u-boot-${wish.ubootName}-universal.bin of the OpenIPC firmware releases: have it fetched (rackbench uboot ${wish.chip}), or give one of your own (the same with --file FILE)`)),
  ])
  return {
    profile: profile instanceof WorkbenchError ? profile : { path: profilePath, text: new TextDecoder().decode(profile) },
    uboot: uboot instanceof WorkbenchError ? uboot : uboot.length < leastUbootBytes ? tooSmall(ubootPath, uboot.length) : { path: ubootPath, bytes: uboot },
  }
}

const tooSmall = (path: string, bytes: number): WorkbenchError =>
  new WorkbenchError('input/malformed', `${path} has ${bytes} bytes: that is no U-Boot image`, { context: { path, bytes }, hint: 'Its SPL alone is larger. Choose another file, or have the published one fetched (rackbench uboot CHIP)' })

/** Exported for other files of known, small size. */
export async function readBounded(path: string, maxBytes: number): Promise<Uint8Array> {
  // O_NONBLOCK: a fifo of that name would hang the open, and nothing ends that. Windows does not know it.
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  try {
    const facts = await file.stat()
    if (!facts.isFile()) throw new WorkbenchError('input/not-supported', `${path} is not a plain file`, { hint: 'Name the file itself' })
    if (facts.size > maxBytes) throw new WorkbenchError('input/too-large', `${path} has ${facts.size} bytes, more than ${maxBytes}`)
    return await file.readFile()
  } finally {
    await file.close()
  }
}

function missing(error: unknown, path: string, message: string, hint: string): WorkbenchError {
  if (error instanceof WorkbenchError) return error
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === 'ENOENT' || code === 'ENOTDIR') return new WorkbenchError('input/missing-file', message, { context: { path }, hint, cause: error })
  return new WorkbenchError('host/io', `${path} cannot be read (${code || 'unknown reason'})`, { context: { path }, cause: error })
}
