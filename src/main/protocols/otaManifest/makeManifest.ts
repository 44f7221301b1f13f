import { crc32 } from '../../../shared/bytes/crc32.ts'
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
  readManifest(new TextEncoder().encode(JSON.stringify(manifest)), { allow: [], ignore: [], key: request.key, hmacSha256Hex: deps.hmacSha256Hex })
  return manifest
}
