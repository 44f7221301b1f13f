import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'

/** `---` and a line end: how an ipctool backup begins. */
export const isIpctoolBackup = (bytes: Uint8Array): boolean =>
  bytes[0] === 0x2d && bytes[1] === 0x2d && bytes[2] === 0x2d && bytes[3] === 0x0a

const maxBlocks = 64
const maxHeaderBytes = 256 * 1024

/** YAML text, one zero byte, then blocks of u32 LE length and bytes to the very end: mtd0, mtd1, … A cut-off file is refused, not shortened. */
export function parseIpctoolBackup(bytes: Uint8Array): { readonly yaml: string; readonly blocks: readonly Uint8Array[] } {
  const headerEnd = bytes.subarray(0, maxHeaderBytes).indexOf(0)
  if (headerEnd < 0) throw truncated('the description at its start has no end')
  const blocks: Uint8Array[] = []
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = headerEnd + 1
  while (at < bytes.length) {
    if (at + 4 > bytes.length) throw truncated(`${bytes.length - at} stray bytes follow block ${blocks.length}`)
    const lengthBytes = view.getUint32(at, true)
    if (at + 4 + lengthBytes > bytes.length) {
      throw truncated(`block ${blocks.length} should have ${lengthBytes} bytes and has ${bytes.length - at - 4}`)
    }
    if (blocks.length >= maxBlocks) throw truncated(`more than ${maxBlocks} blocks`)
    blocks.push(bytes.subarray(at + 4, at + 4 + lengthBytes))
    at += 4 + lengthBytes
  }
  if (blocks.length === 0) throw truncated('it holds no partitions')
  return { yaml: new TextDecoder().decode(bytes.subarray(0, headerEnd)), blocks }
}

const truncated = (why: string): WorkbenchError =>
  new WorkbenchError('input/malformed', `The ipctool backup is damaged or cut off: ${why}`, { hint: 'Make the backup again, or take another copy of the file' })
