export interface TarEntry {
  readonly name: string
  readonly bytes?: Uint8Array
  /** One character: `0` a file, `5` a folder, `2` a symbolic link and so on. */
  readonly type?: string
  readonly linkTo?: string
  /** Instead of the real length. */
  readonly claimedBytes?: number
  /** A name over 100 characters as GNU (`L`) or POSIX (`x`) has it. */
  readonly longName?: 'gnu' | 'pax'
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value)

function header(name: string, lengthBytes: number, type: string, linkTo = ''): Uint8Array {
  const block = new Uint8Array(512)
  block.set(text(name).subarray(0, 100))
  block.set(text('0000644\0'), 100)
  block.set(text(`${lengthBytes.toString(8).padStart(11, '0')}\0`), 124)
  block.set(text('00000000000\0        '), 136)
  block.set(text(type), 156)
  block.set(text(linkTo), 157)
  block.set(text('ustar\x0000'), 257)
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.set(text(`${sum.toString(8).padStart(6, '0')}\0 `), 148)
  return block
}

function padded(bytes: Uint8Array): Uint8Array {
  const whole = new Uint8Array(Math.ceil(bytes.length / 512) * 512)
  whole.set(bytes)
  return whole
}

function paxPath(name: string): Uint8Array {
  const rest = ` path=${name}\n`
  let length = rest.length + 1
  while (`${length}${rest}`.length !== length) length += 1
  return text(`${length}${rest}`)
}

/** With the two empty blocks at the end. */
export function buildTar(entries: readonly TarEntry[]): Uint8Array {
  const pieces: Uint8Array[] = []
  for (const { name, bytes = new Uint8Array(), type = '0', linkTo, claimedBytes, longName } of entries) {
    if (longName !== undefined) {
      const note = longName === 'gnu' ? text(`${name}\0`) : paxPath(name)
      pieces.push(header('././@LongLink', note.length, longName === 'gnu' ? 'L' : 'x'), padded(note))
    }
    pieces.push(header(longName === undefined ? name : 'short', claimedBytes ?? bytes.length, type, linkTo), padded(bytes))
  }
  pieces.push(new Uint8Array(1024))
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0))
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}
