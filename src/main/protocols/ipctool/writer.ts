import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'

export interface IpctoolPart {
  readonly name: string
  readonly lengthBytes: number
  /** First eight hex digits of the SHA-1 of its bytes. */
  readonly sha1: string
}

export interface IpctoolHead {
  readonly chip: string
  readonly flashName: string
  readonly flashBytes: number
  readonly parts: readonly IpctoolPart[]
}

/**
 * The description at the start of a backup with its closing zero byte. Its length depends on names and sizes only, so that the blocks can
 * be written before the checksums are known. `size` follows `name` on the next line and is hex, as readers of this format expect.
 */
export function encodeIpctoolHead({ chip, flashName, flashBytes, parts }: IpctoolHead): Uint8Array {
  const lines = [
    '---', 'chip:', `  model: ${scalar(chip)}`, 'rom:', '  - type: nor', `    chip: ${scalar(flashName)}`, `    size: ${hex(flashBytes)}`, '    partitions:',
    ...parts.flatMap(({ name, lengthBytes, sha1 }) => {
      if (!/^[0-9a-f]{8}$/.test(sha1)) throw new WorkbenchError('internal/bug', 'A checksum in a backup has eight hex digits')
      // Quoted: eight digits with an "e" among them would be read as a number.
      return [`      - name: ${scalar(name)}`, `        size: ${hex(lengthBytes)}`, `        sha1: "${sha1}"`]
    }),
  ]
  return new TextEncoder().encode(`${lines.join('\n')}\n\0`)
}

/** What stands before the bytes of each block. */
export function encodeIpctoolBlockHead(lengthBytes: number): Uint8Array {
  const head = new Uint8Array(4)
  new DataView(head.buffer).setUint32(0, lengthBytes, true)
  return head
}

const hex = (value: number): string => `0x${value.toString(16)}`

/** Bare where it can be nothing but a word: the oldest readers take bare names only. */
const scalar = (text: string): string =>
  (/^[A-Za-z_][\w-]{0,63}$/.test(text) && !/^(?:true|false|null|yes|no|on|off|y|n)$/i.test(text) ? text : JSON.stringify(text.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 64)))
