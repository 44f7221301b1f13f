import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import type { FirmwareImage } from '../../../../shared/ota/registry.schema.ts'

/** The node's buffer. */
export const mostAnswerBytes = 4096
const encoder = new TextEncoder()

/** Made once for each change. The nodes look for these very bytes: no space behind a colon, no escape in a value. */
export function latestAnswer(image: Pick<FirmwareImage, 'version' | 'sha256' | 'sizeBytes' | 'compileTime'>, downloadUrl: string): Uint8Array {
  const { version, sha256, sizeBytes, compileTime = null } = image
  const text = JSON.stringify({ available: true, version, sha256, size: sizeBytes, compile_time: compileTime, download_url: downloadUrl })
  const bytes = encoder.encode(text)
  if (text.includes('\\') || bytes.length > mostAnswerBytes) throw new WorkbenchError('internal/bug', 'This release cannot be told to a node in its own words', { context: { bytes: bytes.length } })
  return bytes
}

export const nothingAnswer = (): Uint8Array => encoder.encode(JSON.stringify({ available: false, message: 'no firmware is published' }))
