import { crc32 } from '../../../shared/bytes/crc32.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import type { NewDigest } from '../../../shared/ota/digest.ts'
import { type MpyManifest, type MpyManifestFile } from '../../../shared/ota/mpyManifest.schema.ts'
import { readManifest } from './readManifest.ts'
import { type HmacHex, signatureOf } from './signature.ts'

export interface ManifestRequest {
  readonly version: string
  readonly generatedAt: string
  readonly files: readonly { readonly path: string; readonly bytes: Uint8Array }[]
  readonly deletes?: readonly string[] | undefined
  readonly postUpdate?: string | undefined
  readonly key?: string | undefined
}

/** Read with the rules of a board before it is given out, so that no release can be made that boards refuse. */
export function makeManifest(request: ManifestRequest, deps: { readonly newDigest: NewDigest; readonly hmacSha256Hex: HmacHex }): MpyManifest {
  const files = request.files.map(({ path, bytes }): MpyManifestFile => {
    const digest = deps.newDigest('sha256')
    digest.update(bytes)
    return { path, size: bytes.length, sha256: digest.hex(), crc32: crc32(bytes) }
  })
  const unsigned: MpyManifest = {
    version: request.version, generated_at: request.generatedAt, files,
    ...(request.deletes === undefined || request.deletes.length === 0 ? {} : { deletes: [...request.deletes] }),
    ...(request.postUpdate === undefined ? {} : { post_update: request.postUpdate }),
  }
  const manifest = request.key === undefined ? unsigned : { ...unsigned, signature: signatureOf(unsigned, request.key, deps.hmacSha256Hex) }
  const { deletes, notes } = asBoardsRead(manifest, request.key, deps.hmacSha256Hex)
  // A board passes over what it must not delete; whoever makes the release is told now.
  if ((manifest.deletes ?? []).some((path) => !deletes.includes(path))) throw new WorkbenchError('input/malformed', `No board would delete all of the list: ${notes.join('; ').slice(0, 1000)}`, { context: { reason: 'DELETES_REFUSED' }, hint: 'Take it out of the list of deletes' })
  return manifest
}

function asBoardsRead(manifest: MpyManifest, key: string | undefined, hmacSha256Hex: HmacHex): ReturnType<typeof readManifest> {
  try {
    return readManifest(new TextEncoder().encode(manifestText(manifest)), { allow: [], ignore: [], key, hmacSha256Hex })
  } catch (error) {
    if (!(error instanceof WorkbenchError)) throw error
    // Here it is being made, and no board was ever asked.
    const hint = error.code === 'input/too-large' ? 'Choose fewer files' : 'No board would take it: leave it out, or give it another name'
    throw new WorkbenchError(error.code, error.message, { context: error.context, hint, cause: error })
  }
}

/** As it is written, byte for byte; its size counts. */
export const manifestText = (manifest: MpyManifest): string => `${JSON.stringify(manifest, undefined, 2)}\n`
