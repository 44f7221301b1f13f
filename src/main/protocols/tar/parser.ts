import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'

export interface TarLimits {
  readonly maxMembers: number
  /** Of one file that is kept. */
  readonly maxFileBytes: number
  /** Of the whole unpacked archive, headers and skipped files included: this is what stops an archive that unpacks without end. */
  readonly maxTotalBytes: number
  /** `refuse`: links and devices are an error, as in an archive that should hold none. `skip`: they are left out. Neither is ever followed. */
  readonly special: 'refuse' | 'skip'
}

export interface TarFile {
  /** Relative, with slashes, without `./`, `..` or anything a shell or a disk would take for more than a name. */
  readonly name: string
  readonly bytes: Uint8Array
}

export interface TarReader {
  /** Any cut. Throws `input/malformed`, `input/not-supported`, `input/conflict` or `input/too-large`; after that it is of no more use. */
  readonly push: (chunk: Uint8Array) => void
  /** All files, in order. `input/malformed` when the archive is cut off. */
  readonly end: () => readonly TarFile[]
}

const blockBytes = 512
/** Of a long name or an extended header. */
const maxTextBytes = 64 * 1024
const asText = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const untilZero = (bytes: Uint8Array): Uint8Array => {
  const end = bytes.indexOf(0)
  return end < 0 ? bytes : bytes.subarray(0, end)
}

const malformed = (why: string): WorkbenchError => new WorkbenchError('input/malformed', `The tar archive ${why}`, { hint: 'Download it again' })

/** `undefined`: a name that points out of its folder, or that no archive of ours has. */
export function safeMemberName(given: string): string | undefined {
  // eslint-disable-next-line no-control-regex -- control characters in a name are what is looked for
  if (given.length > 512 || /[\x00-\x1f\x7f\\]/.test(given) || /^(\/|[a-z]:)/i.test(given)) return undefined
  const pieces = given.split('/').filter((piece) => piece !== '' && piece !== '.')
  return pieces.length === 0 || pieces.includes('..') ? undefined : pieces.join('/')
}

/** Octal text, or with the top bit set a binary number (GNU). */
function numberIn(field: Uint8Array): number {
  const [first = 0] = field
  if ((first & 0x80) !== 0) {
    const value = [first & 0x7f, ...field.subarray(1)].reduce((sum, byte) => sum * 256 + byte, 0)
    return Number.isSafeInteger(value) ? value : Number.NaN
  }
  const text = asText(untilZero(field)).trim()
  return /^[0-7]{1,12}$/.test(text) ? parseInt(text, 8) : text === '' ? 0 : Number.NaN
}

interface Header {
  readonly name: string
  readonly lengthBytes: number
  readonly type: string
}

function parseHeader(block: Uint8Array): Header {
  let sum = 0
  block.forEach((byte, index) => { sum += index >= 148 && index < 156 ? 0x20 : byte })
  if (numberIn(block.subarray(148, 156)) !== sum) throw malformed('is damaged: the checksum of a header is wrong')
  const lengthBytes = numberIn(block.subarray(124, 136))
  if (!Number.isSafeInteger(lengthBytes)) throw malformed('has a file of impossible length')
  const isPosix = asText(block.subarray(257, 263)) === 'ustar\0'
  const prefix = isPosix ? asText(untilZero(block.subarray(345, 500))) : ''
  const name = asText(untilZero(block.subarray(0, 100)))
  return { name: prefix === '' ? name : `${prefix}/${name}`, lengthBytes, type: String.fromCharCode(block[156] ?? 0) }
}

/** `LENGTH KEY=VALUE` lines; the length counts itself and the line end. Only name and size of the next file are of use. */
function parseExtended(bytes: Uint8Array): { readonly path?: string; readonly lengthBytes?: number } {
  const found: { path?: string; lengthBytes?: number } = {}
  let at = 0
  while (at < bytes.length && bytes[at] !== 0) {
    const space = bytes.indexOf(0x20, at)
    const digits = space < 0 ? '' : asText(bytes.subarray(at, space))
    const length = /^[1-9]\d{0,5}$/.test(digits) ? Number(digits) : 0
    if (length <= digits.length + 2 || at + length > bytes.length || bytes[at + length - 1] !== 0x0a) throw malformed('has a damaged extended header')
    const line = asText(bytes.subarray(space + 1, at + length - 1))
    const equals = line.indexOf('=')
    const [key, value] = [line.slice(0, equals), line.slice(equals + 1)]
    if (key === 'path') found.path = value
    if (key === 'size') found.lengthBytes = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN
    if (key.startsWith('GNU.sparse')) throw new WorkbenchError('input/not-supported', 'The tar archive holds a file with holes, which is not read')
    at += length
  }
  if (Number.isNaN(found.lengthBytes)) throw malformed('has a file of impossible length')
  return found
}

interface Member {
  /** `undefined`: skipped. */
  readonly keepAs: string | undefined
  readonly type: string
  readonly lengthBytes: number
  /** Grows with what arrives: a header may promise anything. */
  readonly pieces: Uint8Array[]
  leftBytes: number
  padBytes: number
}

const kinds: Readonly<Record<string, string>> = { '1': 'a hard link', '2': 'a symbolic link', '3': 'a device', '4': 'a device', '6': 'a pipe', K: 'a link', S: 'a file with holes', M: 'a piece of a file', V: 'a label' }

/**
 * Reads a tar archive (POSIX, GNU and pax names) that arrives in pieces. Keeps the files that `wanted` names and counts the rest.
 * Writes nothing and follows nothing.
 */
export function createTarReader(limits: TarLimits, wanted: (name: string) => boolean = () => true): TarReader {
  const files: TarFile[] = []
  const names = new Set<string>()
  const header = new Uint8Array(blockBytes)
  let headerFill = 0
  let totalBytes = 0
  let members = 0
  let ended = false
  let current: Member | undefined
  let longName: string | undefined
  let longLengthBytes: number | undefined

  const begin = ({ type, ...own }: Header): Member => {
    const isNote = type === 'L' || type === 'x' || type === 'g'
    const lengthBytes = isNote ? own.lengthBytes : longLengthBytes ?? own.lengthBytes
    const member = (keepAs: string | undefined): Member => ({ keepAs, type, lengthBytes, pieces: [], leftBytes: lengthBytes, padBytes: (blockBytes - (lengthBytes % blockBytes)) % blockBytes })
    members += 1
    if (members > limits.maxMembers) throw new WorkbenchError('input/too-large', `The tar archive has more than ${limits.maxMembers} members`)
    if (isNote) {
      if (lengthBytes > maxTextBytes) throw malformed('has a name without end')
      return member('')
    }
    const given = longName ?? own.name
    longName = undefined
    longLengthBytes = undefined
    const isFolder = type === '5' || ((type === '0' || type === '\0') && given.endsWith('/'))
    // A folder may call itself "./", which is a name for nothing.
    if (isFolder && /^(\.?\/)*\.?$/.test(given) && !given.startsWith('/')) return member(undefined)
    const name = safeMemberName(given)
    if (name === undefined) throw new WorkbenchError('input/malformed', `The tar archive has a member whose name points outside: ${JSON.stringify(given.slice(0, 80))}`, { context: { name: given.slice(0, 80) }, hint: 'An honest archive has no such names; do not use it' })
    if (isFolder) return member(undefined)
    if (type !== '0' && type !== '\0' && type !== '7') {
      if (limits.special === 'skip') return member(undefined)
      throw new WorkbenchError('input/not-supported', `The tar archive holds ${kinds[type] ?? 'something'} (${name}); only plain files are read`, { context: { name } })
    }
    if (names.has(name)) throw new WorkbenchError('input/conflict', `The tar archive holds ${name} twice`, { context: { name } })
    names.add(name)
    if (!wanted(name)) return member(undefined)
    if (lengthBytes > limits.maxFileBytes) {
      if (limits.special === 'skip') return member(undefined)
      throw new WorkbenchError('input/too-large', `${name} in the tar archive has ${lengthBytes} bytes; at most ${limits.maxFileBytes} are read`, { context: { name, lengthBytes } })
    }
    return member(name)
  }

  const finish = ({ keepAs, type, lengthBytes, pieces }: Member): void => {
    if (keepAs === undefined) return
    const bytes = new Uint8Array(lengthBytes)
    let at = 0
    for (const piece of pieces) {
      bytes.set(piece, at)
      at += piece.length
    }
    if (type === 'L') longName = asText(untilZero(bytes))
    else if (type === 'x') {
      const found = parseExtended(bytes)
      longName = found.path ?? longName
      longLengthBytes = found.lengthBytes
    } else if (type !== 'g') files.push({ name: keepAs, bytes })
  }

  const takeHeader = (chunk: Uint8Array, at: number): number => {
    const piece = chunk.subarray(at, at + blockBytes - headerFill)
    header.set(piece, headerFill)
    headerFill += piece.length
    if (headerFill === blockBytes) {
      headerFill = 0
      if (header.every((byte) => byte === 0)) ended = true
      else current = begin(parseHeader(header))
    }
    return at + piece.length
  }

  const takeContents = (member: Member, chunk: Uint8Array, at: number): number => {
    const piece = chunk.subarray(at, at + member.leftBytes)
    // A copy: whoever unpacks may use its buffer again.
    if (member.keepAs !== undefined && piece.length > 0) member.pieces.push(piece.slice())
    member.leftBytes -= piece.length
    const pad = Math.min(member.padBytes, chunk.length - at - piece.length)
    if (member.leftBytes === 0) member.padBytes -= pad
    return at + piece.length + (member.leftBytes === 0 ? pad : 0)
  }

  const isDone = (member: Member): boolean => member.leftBytes === 0 && member.padBytes === 0

  return {
    push: (chunk) => {
      totalBytes += chunk.length
      if (totalBytes > limits.maxTotalBytes) throw new WorkbenchError('input/too-large', `The tar archive unpacks to more than ${limits.maxTotalBytes} bytes`, { hint: 'Such an archive is not a firmware release' })
      let at = 0
      // Behind the two zero blocks there may be padding of any length, which only counts.
      while (at < chunk.length && !ended) {
        at = current ? takeContents(current, chunk, at) : takeHeader(chunk, at)
        if (current && isDone(current)) {
          const whole = current
          current = undefined
          finish(whole)
        }
      }
    },
    end: () => {
      if (current || headerFill > 0) throw malformed('is cut off')
      if (members === 0 && !ended) throw malformed('is empty')
      return files
    },
  }
}
