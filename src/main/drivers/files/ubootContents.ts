import { constants, inflateRawSync } from 'node:zlib'
import { unpackLzma } from '../../protocols/fastboot/lzma.ts'
import { isGzipAt, isLzmaAt } from '../../protocols/fastboot/writer.ts'
import { ubootVersionsIn } from '../../protocols/fastboot/ubootVersion.ts'

export interface UbootContents {
  readonly versions: readonly string[]
  /** There is something packed in it that could not be read. */
  readonly isUnread: boolean
}

/** A few bytes look like a beginning in any noise. */
const mostTries = 16
const mostBytes = 16 * 1024 * 1024

/** What a file says of the U-Boot in it. Published images are packed behind their first stage, and the text is in what is packed. */
export function readUbootContents(bytes: Uint8Array): UbootContents {
  const versions = new Set(ubootVersionsIn(bytes))
  let isUnread = false
  for (let at = 0, tries = 0; at < bytes.length && versions.size === 0 && tries < mostTries; at += 1) {
    if (isGzipAt(bytes, at)) {
      tries += 1
      unpack(bytes.subarray(at)).forEach((each) => versions.add(each))
    } else if (isLzmaAt(bytes, at)) {
      tries += 1
      isUnread = true
      ubootVersionsIn(unpackLzma(bytes.subarray(at), mostBytes)).forEach((each) => versions.add(each))
    }
  }
  return { versions: [...versions], isUnread: isUnread && versions.size === 0 }
}

function gzipHeadBytes(bytes: Uint8Array): number {
  const flags = bytes[3] ?? 0
  let at = 10
  if (flags & 4) at += 2 + (bytes[at] ?? 0) + (bytes[at + 1] ?? 0) * 256
  for (const text of [8, 16]) if (flags & text) at = bytes.indexOf(0, at) + 1
  return flags & 2 ? at + 2 : at
}

function unpack(bytes: Uint8Array): readonly string[] {
  try {
    // Not gunzip: it takes the padding behind for a second file that is broken. And an image may have been cut behind what runs.
    return ubootVersionsIn(inflateRawSync(bytes.subarray(gzipHeadBytes(bytes)), { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: mostBytes }))
  } catch {
    return []
  }
}
