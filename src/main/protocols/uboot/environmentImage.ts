import { crc32 } from '../../../shared/bytes/crc32.ts'

export interface EnvironmentImage {
  readonly lengthBytes: number
  readonly variables: ReadonlyMap<string, string>
}

/** Sizes that builds for these cameras use. */
const sizes = [0x10000, 0x20000, 0x40000, 0x8000, 0x4000, 0x2000, 0x1000]
/** CRC alone, or CRC and the flag of a redundant environment. */
const headBytes = [4, 5]
const maxVariables = 2_000

/** The environment that begins at `bytes[0]`, when one does: its CRC has to be right for one of the known sizes. */
export function parseEnvironmentImage(bytes: Uint8Array): EnvironmentImage | undefined {
  if (bytes.length < 0x1000) return undefined
  const stored = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true)
  for (const head of headBytes) {
    // Looked at first: sums over half a megabyte at every sector of a flash are a second each.
    if (!/^[\x21-\x3c\x3e-\x7e]{1,64}=/.test(new TextDecoder('latin1').decode(bytes.subarray(head, head + 80)))) continue
    for (const lengthBytes of sizes) {
      if (lengthBytes > bytes.length || crc32(bytes.subarray(head, lengthBytes)) !== stored) continue
      return { lengthBytes, variables: variablesOf(bytes.subarray(head, lengthBytes)) }
    }
  }
  return undefined
}

function variablesOf(body: Uint8Array): ReadonlyMap<string, string> {
  const variables = new Map<string, string>()
  const end = endOf(body)
  for (const entry of new TextDecoder('latin1').decode(body.subarray(0, end)).split('\0')) {
    const equals = entry.indexOf('=')
    if (equals > 0 && variables.size < maxVariables) variables.set(entry.slice(0, equals), entry.slice(equals + 1))
  }
  return variables
}

/** Two zeros end it. */
function endOf(body: Uint8Array): number {
  for (let at = 0; at + 1 < body.length; at += 1) if (body[at] === 0 && body[at + 1] === 0) return at
  return body.length
}
