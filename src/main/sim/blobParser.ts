/** What a boot ROM needs: three addresses and five pieces of code. */
export interface BootBlob {
  readonly splAddress: number
  readonly stepAddress: number
  readonly payloadAddress: number
  readonly prestep0: Uint8Array
  readonly ddrstep0: Uint8Array
  readonly prestep1: Uint8Array
  readonly spl: Uint8Array
  readonly payload: Uint8Array
}

export type BlobParse = { readonly ok: true; readonly blob: BootBlob } | { readonly ok: false; readonly reason: string }

/** Strict: big-endian, nothing missing, nothing left over. */
export function parseBootBlob(bytes: Uint8Array): BlobParse {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = 0
  let short: string | undefined
  const number = (what: string, width: 2 | 4): number => {
    if (short !== undefined) return 0
    if (at + width > bytes.length) { short = what; return 0 }
    const value = width === 2 ? view.getUint16(at) : view.getUint32(at)
    at += width
    return value
  }
  const piece = (what: string, width: 2 | 4): Uint8Array => {
    const lengthBytes = number(`length of ${what}`, width)
    if (short !== undefined) return new Uint8Array()
    if (at + lengthBytes > bytes.length) { short = what; return new Uint8Array() }
    at += lengthBytes
    return bytes.subarray(at - lengthBytes, at)
  }
  const blob: BootBlob = {
    splAddress: number('SPL address', 4),
    stepAddress: number('step address', 4),
    payloadAddress: number('payload address', 4),
    prestep0: piece('PRESTEP0', 2),
    ddrstep0: piece('DDRSTEP0', 2),
    prestep1: piece('PRESTEP1', 2),
    spl: piece('SPL', 4),
    payload: piece('payload', 4),
  }
  if (short !== undefined) return { ok: false, reason: `blob ends inside ${String(short)}` }
  if (at !== bytes.length) return { ok: false, reason: `${bytes.length - at} trailing bytes` }
  if (blob.ddrstep0.length === 0) return { ok: false, reason: 'DDRSTEP0 is empty' }
  if (blob.spl.length === 0) return { ok: false, reason: 'SPL is empty' }
  if (blob.payload.length === 0) return { ok: false, reason: 'payload is empty' }
  return { ok: true, blob }
}
