import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { maxManifestBytes, type MpyManifest, type MpyManifestFile, mpyManifestSchema } from '../../../shared/ota/mpyManifest.schema.ts'
import { checkNoCollisions, isPermitted, normalisePath, type PathFilter, targetPath, unsafePath } from './paths.ts'
import { checkSignature, type HmacHex } from './signature.ts'

export interface ManifestRules extends PathFilter {
  /** Without one a signature is not looked at. */
  readonly key?: string | undefined
  readonly hmacSha256Hex: HmacHex
}

export interface ReadManifest {
  readonly manifest: MpyManifest
  /** What of it this board takes, by its own rules. */
  readonly files: readonly MpyManifestFile[]
  readonly deletes: readonly string[]
  readonly postUpdate: string | undefined
  /** Said to a person; none of it stops an update. */
  readonly notes: readonly string[]
}

/** Signature first: of a manifest that is not to be trusted nothing else is said. */
export function readManifest(bytes: Uint8Array, rules: ManifestRules): ReadManifest {
  const received = parseObject(bytes)
  if (rules.key !== undefined) checkSignature(received, rules.key, rules.hmacSha256Hex)
  const parsed = mpyManifestSchema.safeParse(received)
  if (!parsed.success) throw broken(`${parsed.error.issues[0]?.path.join('.') ?? ''}: ${parsed.error.issues[0]?.message ?? ''}`)
  const manifest = parsed.data
  const notes: string[] = []
  const files = manifest.files.filter(({ path }) => {
    const fits = isPermitted(targetPath(path), rules)
    if (!fits) notes.push(`${path} is left out: the rules of this board do not permit it`)
    return fits
  })
  checkNoCollisions(files.map(({ path }) => path))
  for (const file of files) checkHasHash(file, rules.key !== undefined, notes)
  const postUpdate = manifest.post_update === undefined ? undefined : normalisePath(manifest.post_update)
  return { manifest, files, deletes: permittedDeletes(manifest, files, rules, notes), postUpdate, notes }
}

function checkHasHash(file: MpyManifestFile, isSigned: boolean, notes: string[]): void {
  if (file.sha256 !== undefined || file.crc32 !== undefined) return
  if (isSigned) throw unsafePath(file.path, 'it comes without a checksum, so its signature would prove nothing')
  notes.push(`${file.path} comes without a checksum`)
}

/** A wrong path among the deletes costs that one entry: leaving a file is safe, and so is the rest of the update. */
function permittedDeletes(manifest: MpyManifest, files: readonly MpyManifestFile[], rules: PathFilter, notes: string[]): string[] {
  const kept = new Set(files.map(({ path }) => path.toLowerCase()))
  return [...new Set(manifest.deletes ?? [])].filter((path) => {
    try {
      const fits = isPermitted(targetPath(path), rules) && !kept.has(path.toLowerCase())
      if (!fits) notes.push(`${path} is not deleted: it is not permitted, or the update brings it`)
      return fits
    } catch (error) {
      if (!(error instanceof WorkbenchError)) throw error
      notes.push(`Not deleted. ${error.message}`)
      return false
    }
  })
}

function parseObject(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  if (bytes.length > maxManifestBytes) throw new WorkbenchError('input/too-large', `The manifest has ${bytes.length} bytes; at most ${maxManifestBytes} are read`, { context: { lengthBytes: bytes.length, limitBytes: maxManifestBytes } })
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    throw broken('it is no JSON', error)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw broken('it is no object')
  return value as Readonly<Record<string, unknown>>
}

const broken = (why: string, cause?: unknown): WorkbenchError => new WorkbenchError('input/malformed', `The manifest cannot be used: ${why}`, { context: { reason: 'MANIFEST_MALFORMED' }, hint: 'Look at what the server delivers under this name: a page of HTML is often a missing file or a log-in', cause })
