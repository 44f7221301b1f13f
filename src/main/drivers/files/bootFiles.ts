import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'

const maxProfileBytes = 256 * 1024
const maxUbootBytes = 4 * 1024 * 1024

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
        'It is the file CHIP.json of the public recovery tool (its profiles folder holds the DDR steps); give it with --profile or put it there')),
    readBounded(ubootPath, maxUbootBytes).catch((error: unknown) =>
      missing(error, ubootPath, `The U-Boot image of ${wish.chip} is missing: ${ubootPath}`,
        wish.ubootName === undefined
          ? 'No public build is known for this chip; give a U-Boot image with --uboot'
          : `It is u-boot-${wish.ubootName}-universal.bin of the OpenIPC firmware releases; give it with --uboot or put it there`)),
  ])
  return {
    profile: profile instanceof WorkbenchError ? profile : { path: profilePath, text: new TextDecoder().decode(profile) },
    uboot: uboot instanceof WorkbenchError ? uboot : { path: ubootPath, bytes: uboot },
  }
}

/** Exported for other files of known, small size. */
export async function readBounded(path: string, maxBytes: number): Promise<Uint8Array> {
  const file = await open(path, 'r')
  try {
    const facts = await file.stat()
    if (!facts.isFile()) throw new WorkbenchError('input/not-supported', `${path} is not a plain file`)
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
