import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { canonicalJson } from './canonicalJson.ts'

export type HmacHex = (key: string, bytes: Uint8Array) => string

/** Of everything in the manifest but the signature itself, unknown fields included. */
export function signatureOf(manifest: Readonly<Record<string, unknown>>, key: string, hmacSha256Hex: HmacHex): string {
  const signed = Object.fromEntries(Object.entries(manifest).filter(([name]) => name !== 'signature'))
  return hmacSha256Hex(key, new TextEncoder().encode(canonicalJson(signed)))
}

/** `manifest` is what was received, before any field was dropped. */
export function checkSignature(manifest: Readonly<Record<string, unknown>>, key: string, hmacSha256Hex: HmacHex): void {
  const given = manifest['signature']
  const hint = 'Sign the manifest with the key that this board has (rackbench release manifest … --key-file)'
  if (typeof given !== 'string' || given === '') throw new WorkbenchError('input/malformed', 'The manifest has no signature, and this board asks for one', { context: { reason: 'MANIFEST_UNSIGNED' }, hint })
  if (!isSameText(given.toLowerCase(), signatureOf(manifest, key, hmacSha256Hex))) throw new WorkbenchError('input/malformed', 'The signature of the manifest does not fit: it was changed, or signed with another key', { context: { reason: 'MANIFEST_SIGNATURE' }, hint })
}

/** Takes as long whichever letter differs, so that a signature cannot be guessed letter by letter. */
function isSameText(given: string, wanted: string): boolean {
  let difference = given.length ^ wanted.length
  for (let at = 0; at < wanted.length; at += 1) difference |= wanted.charCodeAt(at) ^ (given.charCodeAt(at) || 0)
  return difference === 0
}
